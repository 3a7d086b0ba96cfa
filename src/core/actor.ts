/** Who does something, and what they may do. Permissions are `modulo:acao`, either side may be `*`. */

import { Problem } from './problem';

export const modulos = [
  'clientes',
  'licencas',
  'maquinas',
  'produtos',
  'planos',
  'faturas',
  'uploads',
  'usuarios',
  'perfis',
  'chaves-api',
  'auditoria',
  'webhooks',
  'alertas',
  'eventos',
  'painel',
  'ml',
  'tarefas',
  'relatorios',
  'backups',
  'logs',
  'configuracoes',
] as const;
export const acoes = ['ler', 'criar', 'editar', 'bloquear', 'excluir', 'executar'] as const;

export type Modulo = (typeof modulos)[number];
export type Acao = (typeof acoes)[number];
export type Permissao = `${Modulo}:${Acao}`;

export interface Actor {
  tipo: 'usuario' | 'chave_api' | 'maquina' | 'licenca' | 'sistema' | 'anonimo';
  id: string | null;
  nome: string;
  permissoes: readonly string[];
  ip: string | null;
  requestId: string | null;
  /** The hash of the Idempotency-Key under which this request runs, recorded with its effect. */
  idempotencia: string | null;
  /** The session of a person's token. */
  sessaoId?: string;
}

/** Whether a list of granted patterns covers a permission. */
export function allows(granted: readonly string[], wanted: Permissao): boolean {
  const [modulo, acao] = wanted.split(':');
  return granted.some((pattern) => {
    const [grantedModulo, grantedAcao] = pattern.split(':');
    return (grantedModulo === '*' || grantedModulo === modulo) && (grantedAcao === '*' || grantedAcao === acao);
  });
}

/**
 * The first pattern that goes beyond what is granted, or null when all is covered. A `*` is covered by a `*` only: whoever
 * holds every module of today does not hold those of tomorrow.
 */
export function beyond(granted: readonly string[], patterns: readonly string[]): string | null {
  return patterns.find((pattern) => !allows(granted, pattern as Permissao)) ?? null;
}

/** The patterns that cover what both lists cover, and nothing else. */
export function intersect(one: readonly string[], other: readonly string[]): string[] {
  const both = one.flatMap((a) => other.map((b) => meet(a, b))).filter((pattern) => pattern !== null);
  return [...new Set(both)];
}

function meet(one: string, other: string): string | null {
  const [modulo, acao] = one.split(':');
  const [otherModulo, otherAcao] = other.split(':');
  const part = (a: string | undefined, b: string | undefined): string | undefined =>
    a === '*' ? b : b === '*' || a === b ? a : undefined;
  const [metModulo, metAcao] = [part(modulo, otherModulo), part(acao, otherAcao)];
  return metModulo === undefined || metAcao === undefined ? null : `${metModulo}:${metAcao}`;
}

/** Whether a text is a permission that can be granted, `*` on either side included. */
export function isPattern(text: string): boolean {
  const [modulo, acao, ...rest] = text.split(':');
  const known = (names: readonly string[], name: string | undefined): boolean =>
    name === '*' || names.some((one) => one === name);
  return rest.length === 0 && known(modulos, modulo) && known(acoes, acao);
}

/**
 * Refuses to grant what the actor does not hold.
 * @throws Problem SEM_PERMISSAO
 */
export function authorizeGrant(actor: Actor, patterns: readonly string[]): void {
  const lacking = beyond(actor.permissoes, patterns);
  if (lacking === null) return;
  throw new Problem('SEM_PERMISSAO', {
    detalhe: `Ninguém concede o que não tem: falta a permissão ${lacking}.`,
    extra: { permissao: lacking },
  });
}

/** Whether the actor holds the permission. */
export function can(actor: Actor, permissao: Permissao): boolean {
  return allows(actor.permissoes, permissao);
}

/**
 * Refuses an actor that does not hold the permission.
 * @throws Problem NAO_AUTENTICADO for nobody in particular, SEM_PERMISSAO for somebody without the right.
 */
export function authorize(actor: Actor, permissao: Permissao): void {
  if (can(actor, permissao)) return;
  if (actor.tipo === 'anonimo') throw new Problem('NAO_AUTENTICADO');
  throw new Problem('SEM_PERMISSAO', { detalhe: `Falta a permissão ${permissao}.`, extra: { permissao } });
}

/** The server itself, acting by a schedule or a reaction. */
export function systemActor(nome: string): Actor {
  return { tipo: 'sistema', id: null, nome, permissoes: ['*:*'], ip: null, requestId: null, idempotencia: null };
}
