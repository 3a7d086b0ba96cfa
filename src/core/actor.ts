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
}

/** Whether a list of granted patterns covers a permission. */
export function allows(granted: readonly string[], wanted: Permissao): boolean {
  const [modulo, acao] = wanted.split(':');
  return granted.some((pattern) => {
    const [grantedModulo, grantedAcao] = pattern.split(':');
    return (grantedModulo === '*' || grantedModulo === modulo) && (grantedAcao === '*' || grantedAcao === acao);
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
