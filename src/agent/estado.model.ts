/** The desired state: what may be believed of it, and when it is new. No I/O, no clock inside. */

import { Type } from '@sinclair/typebox';
import type { HeartbeatAnswer } from './server-api';
import type { Claims } from './trust';

/** A machine whose server's clock was set back a little is not one that is lied to. */
const clockSetBackSecondsMax = 300;

/** The payload of `N/estado` (contract section 4). */
export const estadoSchema = Type.Object({
  bloqueada: Type.Boolean(),
  codigo: Type.String({ maxLength: 64 }),
  motivo: Type.Union([Type.String({ maxLength: 4_096 }), Type.Null()]),
  revisao: Type.Integer(),
  em: Type.Optional(Type.String()),
  certificado: Type.String(),
});
export type Estado = typeof estadoSchema.static;

/** A state whose signature was verified, as it is kept. */
export const receivedSchema = Type.Object({
  estado: estadoSchema,
  iat: Type.Integer(),
  exp: Type.Integer(),
  /** Whether the command was run for it with success, or there was none to run. */
  aplicado: Type.Boolean(),
  /** Whether the server has acknowledged hearing so. */
  confirmado: Type.Boolean(),
  /** Whether the command was told that the certificate has run out. */
  vencimentoAvisado: Type.Boolean(),
});
export type Received = typeof receivedSchema.static;

/** What a heartbeat's answer says of the state. */
export function estadoOf({ maquina, certificado }: HeartbeatAnswer): Estado {
  const { bloqueada, motivo_bloqueio, revisao, codigo } = maquina;
  return {
    bloqueada,
    codigo: codigo ?? (bloqueada ? 'BLOQUEADA' : 'VALIDA'),
    motivo: motivo_bloqueio,
    revisao,
    certificado,
  };
}

/**
 * Why a state is not to be believed, although its certificate verifies; null when it is.
 * What the certificate says itself (`bloqueada`, `revisao`) has to agree; from a server that does not say so, the code does.
 */
export function disbelief(estado: Estado, claims: Claims, impressao: string): string | null {
  if (claims.impressao !== impressao) return 'the certificate is another machine’s';
  if (claims.bloqueada !== undefined && claims.bloqueada !== estado.bloqueada)
    return 'the certificate says otherwise of the block';
  if (claims.revisao !== undefined && claims.revisao !== estado.revisao)
    return 'the certificate is of another revision';
  if (claims.bloqueada === undefined && claims.codigo !== estado.codigo) return 'the certificate says another code';
  return null;
}

/**
 * Whether a state is older than the one we have: something said before and repeated, by whomever.
 * A revision that goes back with a fresh signature is a server that was restored from a backup, and is believed.
 */
export function isStale(estado: Estado, claims: Claims, last: Received | null): boolean {
  if (!last) return false;
  if (claims.iat >= last.iat) return false;
  // Without a signed revision only the time is left to go by.
  return claims.revisao === undefined
    ? claims.iat < last.iat - clockSetBackSecondsMax
    : estado.revisao < last.estado.revisao;
}

/** Whether the software has to be told of it: something else than the certificate is different. */
export function isChange(estado: Estado, last: Received | null): boolean {
  if (!last) return true;
  const { bloqueada, codigo, motivo, revisao } = last.estado;
  return (
    estado.bloqueada !== bloqueada || estado.codigo !== codigo || estado.motivo !== motivo || estado.revisao !== revisao
  );
}
