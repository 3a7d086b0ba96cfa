/**
 * The certificate: what the server says of a licence, signed, so that a client may rely on it without the server
 * (JWS by EdDSA, RFC 7515 and RFC 8037; times in whole seconds, RFC 7519).
 */

import { dayMs, rfc3339OrNull, secondMs } from '../../core/clock';
import { effectiveEnd, type Licenca } from './licencas.model';
import type { LicenceFacts, ValidationCode } from './validacao.model';

export const certificateIssuer = 'narcidicontrol';

export interface CertificateRequest {
  impressao?: string | undefined;
  nonce?: string | undefined;
  codigo: ValidationCode;
  /** The desired state of the machine, which the certificate then proves too. */
  estado?: ProvedState | undefined;
}

/** What a machine can prove of itself: whether it is blocked, by which revision of its desired state, and why. */
export interface ProvedState {
  maquina_id: string;
  bloqueada: boolean;
  revisao: number;
  motivo: string | null;
}

export interface CertificateClaims extends Partial<ProvedState> {
  iss: string;
  iat: number;
  nbf: number;
  exp: number;
  sub: string;
  lic: { tipo: string; produto: string; recursos: string[]; limite_maquinas: number; expira_em: string | null };
  impressao: string | null;
  valida: boolean;
  codigo: ValidationCode;
  nonce?: string;
}

/** What a certificate says at a moment. */
export function certificateClaims(facts: LicenceFacts, request: CertificateRequest, now: number): CertificateClaims {
  const { licenca, produtoSlug } = facts;
  const seconds = Math.floor(now / secondMs);
  return {
    iss: certificateIssuer,
    iat: seconds,
    nbf: seconds,
    exp: Math.floor(certificateEnd(licenca, now) / secondMs),
    sub: licenca.id,
    lic: {
      tipo: licenca.tipo,
      produto: produtoSlug,
      recursos: licenca.recursos,
      limite_maquinas: licenca.limite_maquinas,
      expira_em: rfc3339OrNull(licenca.expira_em),
    },
    impressao: request.impressao ?? null,
    valida: request.codigo === 'VALIDA',
    codigo: request.codigo,
    ...request.estado,
    ...(request.nonce === undefined ? {} : { nonce: request.nonce }),
  };
}

/** Now + `offline_dias`, never past the licence's end; a refusal of an ended licence grants nothing and may last. */
function certificateEnd(licenca: Licenca, now: number): number {
  const offlineEnd = now + licenca.offline_dias * dayMs;
  const end = effectiveEnd(licenca);
  return end !== null && end > now ? Math.min(offlineEnd, end) : offlineEnd;
}
