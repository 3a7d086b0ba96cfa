/**
 * Which version a caller is offered. Each version is judged alone, the first reason against it counts; of those with none
 * the highest that can be reached from the present one is the next step.
 */

import { createHash } from 'node:crypto';
import type { SemVer } from 'semver';
import { type Direito, lacksRight } from './requisitos.model';
import { compareSystems, compareVersions, isPrerelease, semverOf } from './semver.model';
import { type Arquitetura, type Canal, canais, type Plataforma, type VersaoOferta } from './versoes.model';

/** A published version with its versions parsed. */
export interface Candidata extends VersaoOferta {
  ordem: SemVer;
  minima: SemVer | null;
}

export interface Procura {
  /** Null when it is not known: as a feed is asked. */
  versaoAtual: SemVer | null;
  plataforma: Plataforma;
  /** Null for whichever there is. */
  arquitetura: Arquitetura | null;
  canal: Canal;
  /** Version of the operating system; null when the caller does not tell. */
  soVersao: string | null;
  /** Whether the caller itself checks the least operating system, so that not telling is no obstacle. */
  verificaSo: boolean;
  /** Who asks, for the staged rollout: the same text has the same place. */
  lugar: string;
  /** Null for who needs no licence. */
  direito: Direito | null;
  /** The version this caller is held at. */
  fixada: SemVer | null;
}

export interface Escolha {
  versao: Candidata;
  /** Whether it, or any version beyond the present one that is meant for this caller, is mandatory. */
  obrigatoria: boolean;
}

const buckets = 10_000;
const bucketsPerPct = buckets / 100;
const bucketBytes = 6;

/**
 * Where a caller stands in the rollout of a version, 0 to 9,999: below `pct × 100` it is offered. Each version shuffles
 * anew, so that it is not always the same machines that go first; as the percentage grows nobody loses the place.
 */
export function rolloutPlace(versaoId: string, lugar: string): number {
  return createHash('sha256').update(`${versaoId}\0${lugar}`).digest().readUIntBE(0, bucketBytes) % buckets;
}

/**
 * The published versions of a product in the order in which they are preferred: the highest first; of equal ones the file
 * made for the very platform, then the calmer channel.
 */
export function prepareCatalogo(versoes: readonly VersaoOferta[]): Candidata[] {
  return versoes
    .map((versao) => ({
      ...versao,
      ordem: semverOf(versao.versao),
      minima: versao.versao_minima === null ? null : semverOf(versao.versao_minima),
    }))
    .sort(byRank);
}

/** What a caller is offered; null when nothing is newer, or nothing newer is meant for it. */
export function chooseUpdate(catalogo: readonly Candidata[], procura: Procura): Escolha | null {
  const { versaoAtual } = procura;
  if (versaoAtual === null) return chooseLatest(catalogo, procura);
  const end = catalogo.findIndex(({ ordem }) => compareVersions(ordem, versaoAtual) <= 0);
  return chooseLatest(end === -1 ? catalogo : catalogo.slice(0, end), procura);
}

/** What a feed shows a caller: the next step, or else the best of what it may have, newer or not. */
export function chooseLatest(catalogo: readonly Candidata[], procura: Procura): Escolha | null {
  const meant = catalogo.filter((versao) => refusal(versao, procura) === null);
  const best = meant.find((versao) => reachable(versao, procura.versaoAtual));
  return best ? { versao: best, obrigatoria: meant.some(({ obrigatoria }) => obrigatoria) } : null;
}

/** Why a version is not offered, in words; null when it is meant for this caller, in one step or several. */
export function refusal(versao: Candidata, procura: Procura): string | null {
  const pinned = procura.fixada !== null && compareVersions(versao.ordem, procura.fixada) === 0;
  return (
    otherPlatform(versao, procura) ??
    beyondPin(versao, procura) ??
    // What somebody was pinned to by hand needs neither the channel nor the luck of the rollout.
    (pinned ? null : (otherChannel(versao, procura) ?? notYetRolledOut(versao, procura))) ??
    otherSystem(versao, procura) ??
    (procura.direito === null ? null : lacksRight(versao, procura.direito))
  );
}

/** Whether the present version can be updated to this one at once. */
export function reachable({ minima }: Candidata, versaoAtual: SemVer | null): boolean {
  if (minima === null) return true;
  return versaoAtual !== null && compareVersions(versaoAtual, minima) >= 0;
}

function byRank(a: Candidata, b: Candidata): number {
  return (
    compareVersions(b.ordem, a.ordem) ||
    specificity(b) - specificity(a) ||
    canais.indexOf(a.canal) - canais.indexOf(b.canal)
  );
}

function specificity({ plataforma, arquitetura }: VersaoOferta): number {
  return (plataforma === 'qualquer' ? 0 : 2) + (arquitetura === 'qualquer' ? 0 : 1);
}

function otherPlatform(versao: VersaoOferta, { plataforma, arquitetura }: Procura): string | null {
  const fits =
    (versao.plataforma === 'qualquer' || versao.plataforma === plataforma) &&
    (arquitetura === null || versao.arquitetura === 'qualquer' || versao.arquitetura === arquitetura);
  return fits ? null : `É para ${versao.plataforma} ${versao.arquitetura}.`;
}

function beyondPin(versao: Candidata, { fixada }: Procura): string | null {
  return fixada !== null && compareVersions(versao.ordem, fixada) > 0 ? `Fixada em ${fixada.version}.` : null;
}

/** A channel hears itself and the calmer ones; a pre-release never comes by the stable channel, wherever it was put. */
function otherChannel(versao: Candidata, { canal }: Procura): string | null {
  if (canais.indexOf(versao.canal) > canais.indexOf(canal)) return `É do canal ${versao.canal}.`;
  return canal === 'estavel' && isPrerelease(versao.ordem) ? 'É uma pré-versão, e o canal é o estável.' : null;
}

function notYetRolledOut(versao: VersaoOferta, { lugar }: Procura): string | null {
  if (versao.distribuicao_pausada) return 'A distribuição está pausada.';
  if (versao.distribuicao_pct >= 100) return null;
  const included = rolloutPlace(versao.id, lugar) < versao.distribuicao_pct * bucketsPerPct;
  return included ? null : `A distribuição está em ${versao.distribuicao_pct} %, e a vez não chegou.`;
}

function otherSystem({ requisitos }: VersaoOferta, { soVersao, verificaSo }: Procura): string | null {
  const { so_minimo, so_maximo } = requisitos;
  if (so_minimo !== undefined && !(soVersao === null && verificaSo)) {
    if (soVersao === null || compareSystems(soVersao, so_minimo) < 0)
      return `Precisa do sistema ${so_minimo} ou mais novo.`;
  }
  if (so_maximo !== undefined && (soVersao === null || compareSystems(soVersao, so_maximo) > 0)) {
    return `Precisa do sistema ${so_maximo} ou mais antigo.`;
  }
  return null;
}
