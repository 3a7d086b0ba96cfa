/**
 * Which version a caller is offered. Each version is judged alone, the first reason against it counts; of those with none
 * the highest that can be reached from the present one is the next step.
 */

import { createHash } from 'node:crypto';
import { type Direito, lacksRight } from './requisitos.model';
import { compareSystems, compareVersions, isPrerelease } from './semver.model';
import { type Arquitetura, type Canal, canais, type Plataforma, type VersaoOferta } from './versoes.model';

export interface Procura {
  /** Null when it is not known: as a feed is asked. */
  versaoAtual: string | null;
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
  fixada: string | null;
}

export interface Escolha {
  versao: VersaoOferta;
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

/** What a caller is offered; null when nothing is newer, or nothing newer is meant for it. */
export function chooseUpdate(catalogo: readonly VersaoOferta[], procura: Procura): Escolha | null {
  const { versaoAtual } = procura;
  return choose(catalogo, procura, ({ versao }) => versaoAtual === null || compareVersions(versao, versaoAtual) > 0);
}

/** What a feed shows a caller: the next step, or else the best of what it may have, newer or not. */
export function chooseLatest(catalogo: readonly VersaoOferta[], procura: Procura): Escolha | null {
  return choose(catalogo, procura, () => true);
}

function choose(
  catalogo: readonly VersaoOferta[],
  procura: Procura,
  asked: (versao: VersaoOferta) => boolean,
): Escolha | null {
  const meant = catalogo.filter((versao) => asked(versao) && refusal(versao, procura) === null);
  const [best] = meant.filter((versao) => reachable(versao, procura.versaoAtual)).sort(byRank);
  return best ? { versao: best, obrigatoria: meant.some(({ obrigatoria }) => obrigatoria) } : null;
}

/** Why a version is not offered, in words; null when it is meant for this caller, in one step or several. */
export function refusal(versao: VersaoOferta, procura: Procura): string | null {
  const pinned = procura.fixada !== null && compareVersions(versao.versao, procura.fixada) === 0;
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
export function reachable({ versao_minima }: VersaoOferta, versaoAtual: string | null): boolean {
  if (versao_minima === null) return true;
  return versaoAtual !== null && compareVersions(versaoAtual, versao_minima) >= 0;
}

/** The highest version first; of equal ones the file made for the very platform, then the calmer channel. */
function byRank(a: VersaoOferta, b: VersaoOferta): number {
  return (
    compareVersions(b.versao, a.versao) ||
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

function beyondPin(versao: VersaoOferta, { fixada }: Procura): string | null {
  return fixada !== null && compareVersions(versao.versao, fixada) > 0 ? `Fixada em ${fixada}.` : null;
}

/** A channel hears itself and the calmer ones; a pre-release never comes by the stable channel, wherever it was put. */
function otherChannel(versao: VersaoOferta, { canal }: Procura): string | null {
  if (canais.indexOf(versao.canal) > canais.indexOf(canal)) return `É do canal ${versao.canal}.`;
  return canal === 'estavel' && isPrerelease(versao.versao) ? 'É uma pré-versão, e o canal é o estável.' : null;
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
