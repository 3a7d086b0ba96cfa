/**
 * What existing updaters ask for and read: electron-updater's `latest.yml` (generic provider) and Tauri's updater JSON,
 * in its static and dynamic forms.
 */

import { rfc3339 } from '../../core/clock';
import type { Arquitetura, Canal, Plataforma, VersaoOferta } from './versoes.model';

export interface Alvo {
  plataforma: Plataforma;
  /** Null for every one: the updater picks from the list. */
  arquitetura: Arquitetura | null;
}

const electronChannels: Readonly<Record<string, Canal>> = {
  latest: 'estavel',
  beta: 'beta',
  alpha: 'alfa',
};

const electronTargets: Readonly<Record<string, Alvo>> = {
  '': { plataforma: 'windows', arquitetura: null },
  '-mac': { plataforma: 'macos', arquitetura: null },
  '-linux': { plataforma: 'linux', arquitetura: 'x64' },
  '-linux-arm64': { plataforma: 'linux', arquitetura: 'arm64' },
};

/** What a channel file of electron-updater is about, as `beta-linux-arm64.yml`; null for another file. */
export function readChannelFile(nome: string): (Alvo & { canal: Canal }) | null {
  const [, channel = '', target = ''] = /^([a-z]+)(|-mac|-linux|-linux-arm64)\.yml$/.exec(nome) ?? [];
  const canal = electronChannels[channel];
  const alvo = electronTargets[target];
  return canal && alvo ? { ...alvo, canal } : null;
}

/** The address of a file below a feed's own: it ends in the file's name, by which updaters tell formats apart. */
export function filePath({ id, arquitetura, arquivo }: VersaoOferta): string {
  return `arquivo/${id}/${arquitetura}/${encodeURIComponent(arquivo)}`;
}

/** electron-updater's `UpdateInfo`. @param files of one version, the best first; at least one. */
export function electronDocument(files: readonly [VersaoOferta, ...VersaoOferta[]], notas: string) {
  const [first] = files;
  const { so_minimo } = first.requisitos;
  return {
    version: first.versao,
    files: files.map((file) => ({ url: filePath(file), sha512: file.sha512, size: file.tamanho })),
    // For updaters before 2018, which know one file only.
    path: filePath(first),
    sha512: first.sha512,
    releaseDate: rfc3339(first.publicada_em ?? first.criado_em),
    ...(notas === '' ? {} : { releaseNotes: notas }),
    ...(so_minimo === undefined ? {} : { minimumSystemVersion: so_minimo }),
  };
}

const tauriSystems: Readonly<Record<string, Plataforma>> = { linux: 'linux', windows: 'windows', darwin: 'macos' };
const tauriArchitectures: Readonly<Record<string, Arquitetura>> = { x86_64: 'x64', aarch64: 'arm64' };

/** Tauri's `{{target}}` and `{{arch}}`; null for a system nothing is made for. Other architectures get what is for any. */
export function readTauriTarget(target: string, arch: string): Alvo | null {
  const plataforma = tauriSystems[target];
  return plataforma ? { plataforma, arquitetura: tauriArchitectures[arch] ?? 'qualquer' } : null;
}

/** Every target of Tauri's static form. */
export const tauriTargets: readonly { nome: string; alvo: Alvo }[] = Object.entries(tauriSystems).flatMap(
  ([system, plataforma]) =>
    Object.entries(tauriArchitectures).map(([arch, arquitetura]) => ({
      nome: `${system}-${arch}`,
      alvo: { plataforma, arquitetura },
    })),
);

/** What both forms say of a version. */
export function tauriRelease(versao: VersaoOferta, notas: string) {
  return { version: versao.versao, notes: notas, pub_date: rfc3339(versao.publicada_em ?? versao.criado_em) };
}

/** Where a file is, with the developer's own signature of it. @param base address of the feed, ending in a slash. */
export function tauriFile(versao: VersaoOferta, base: string) {
  return { url: base + filePath(versao), signature: versao.assinatura_tauri ?? '' };
}
