/** A version of a product for one platform: types, and the rules of its life. No I/O, no clock, no random inside. */

import { invalidField, Problem } from '../../core/problem';
import { checkSemver, compareVersions } from './semver.model';

export const canais = ['estavel', 'beta', 'alfa'] as const;
export const plataformas = ['windows', 'linux', 'macos', 'qualquer'] as const;
export const arquiteturas = ['x64', 'arm64', 'qualquer'] as const;
export const versaoStatus = ['rascunho', 'publicada', 'retirada'] as const;

export type Canal = (typeof canais)[number];
export type Plataforma = (typeof plataformas)[number];
export type Arquitetura = (typeof arquiteturas)[number];
export type VersaoStatus = (typeof versaoStatus)[number];

/** What a machine and its licence must have. */
export interface Requisitos {
  /** First and last version of the operating system, numbers separated by dots. */
  so_minimo?: string;
  so_maximo?: string;
  /** Features the licence must include, as in verification: `nfe`, `usuarios:10`. */
  recursos?: string[];
}

export interface Versao {
  id: string;
  produto_id: string;
  /** The slug of the product. */
  produto: string;
  versao: string;
  canal: Canal;
  plataforma: Plataforma;
  arquitetura: Arquitetura;
  /** The name the file has for whoever downloads it. */
  arquivo: string;
  tamanho: number;
  /** Hexadecimal. */
  sha256: string;
  /** Base 64, as electron-updater has it. */
  sha512: string;
  /** Detached Ed25519 over the 32 bytes of the SHA-256, base64url, and the key that made it. */
  assinatura: string;
  assinatura_kid: string;
  /** The contents of the developer's own `.sig` file (minisign), for Tauri's updater. */
  assinatura_tauri: string | null;
  /** Markdown. */
  notas: string;
  /** The least version that can be updated to this one. */
  versao_minima: string | null;
  requisitos: Requisitos;
  obrigatoria: boolean;
  /** How many machines in a hundred are offered it, and whether nobody is for now. */
  distribuicao_pct: number;
  distribuicao_pausada: boolean;
  status: VersaoStatus;
  /** When it was first published: what it is entitled by. */
  publicada_em: number | null;
  downloads: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

/** What decides who is offered a version; the catalogue in memory holds no more than this. */
export type VersaoOferta = Omit<Versao, 'notas' | 'rev' | 'atualizado_em' | 'downloads'>;

export type VersaoEdit = {
  [Campo in
    | 'canal'
    | 'notas'
    | 'versao_minima'
    | 'requisitos'
    | 'obrigatoria'
    | 'distribuicao_pct'
    | 'assinatura_tauri'
    | 'versao'
    | 'plataforma'
    | 'arquitetura']?: Versao[Campo] | undefined;
};

/** What identifies the contents cannot change once others may have them. */
const onlyDrafts = ['versao', 'plataforma', 'arquitetura'] as const;

const arquivoBytesMax = 255;
/** Paths, what Windows refuses, and what is not seen: a mark that turns the writing round makes `gpj.exe` look like `exe.jpg`. */
const forbiddenInNames = /[/\\:*?"<>|\p{Cc}\p{Bidi_Control}]/u;

/**
 * The name of a file as any system can store it, never a way to another folder.
 * @throws Problem VALIDACAO naming `arquivo`
 */
export function checkArquivo(nome: string): string {
  if (nome === '') throw invalidField('arquivo', 'o arquivo precisa de um nome');
  if (forbiddenInNames.test(nome) || nome === '.' || nome === '..') {
    throw invalidField('arquivo', 'o nome do arquivo não pode ter caminho nem caracteres como / \\ : * ? " < > |');
  }
  if (/^\s|[\s.]$/.test(nome)) throw invalidField('arquivo', 'o nome do arquivo começa ou termina com espaço ou ponto');
  if (Buffer.byteLength(nome) > arquivoBytesMax) {
    throw invalidField('arquivo', `o nome do arquivo passa de ${arquivoBytesMax} bytes`);
  }
  return nome;
}

/** @throws Problem VALIDACAO when the least version does not come before the version itself. */
export function checkVersaoMinima(versao: string, minima: string | null): string | null {
  if (minima === null || minima === '') return null;
  checkSemver('versao_minima', minima);
  if (compareVersions(minima, versao) >= 0) throw invalidField('versao_minima', 'deve ser anterior à própria versão');
  return minima;
}

/**
 * A version with some fields changed.
 * @throws Problem TRANSICAO_INVALIDA for what only a draft can change, VALIDACAO
 */
export function editVersao(versao: Versao, edit: VersaoEdit, now: number): Versao {
  const fixed = onlyDrafts.find((campo) => edit[campo] !== undefined && edit[campo] !== versao[campo]);
  if (fixed && versao.status !== 'rascunho') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: `${fixed} só muda enquanto a versão é rascunho.` });
  }
  const depois: Versao = { ...touchedVersao(versao, now), ...withoutUndefined(edit) };
  checkSemver('versao', depois.versao);
  return { ...depois, versao_minima: checkVersaoMinima(depois.versao, depois.versao_minima) };
}

/** Publishes a draft, or again what was withdrawn. @returns null when it is published already. */
export function publishVersao(versao: Versao, now: number): Versao | null {
  if (versao.status === 'publicada') return null;
  return { ...touchedVersao(versao, now), status: 'publicada', publicada_em: versao.publicada_em ?? now };
}

/** Withdraws for everyone. @returns null when it is already. @throws Problem TRANSICAO_INVALIDA for a draft. */
export function withdrawVersao(versao: Versao, now: number): Versao | null {
  if (versao.status === 'rascunho') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'Um rascunho não foi publicado; exclua-o.' });
  }
  return versao.status === 'retirada' ? null : { ...touchedVersao(versao, now), status: 'retirada' };
}

/** Holds back or lets go on the offers of a staged rollout. @returns null when nothing changes. */
export function pauseVersao(versao: Versao, pausada: boolean, now: number): Versao | null {
  if (versao.distribuicao_pausada === pausada) return null;
  return { ...touchedVersao(versao, now), distribuicao_pausada: pausada };
}

function touchedVersao(versao: Versao, now: number): Versao {
  return { ...versao, atualizado_em: now, rev: versao.rev + 1 };
}

function withoutUndefined(edit: VersaoEdit): Partial<Versao> {
  return Object.fromEntries(Object.entries(edit).filter(([, value]) => value !== undefined));
}
