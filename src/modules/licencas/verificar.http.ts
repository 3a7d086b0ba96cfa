/**
 * `GET /licencas/verificar/{chave}` from request to answer. The server calls it before its router, because this is the
 * one call that everyone's day depends on, thousands of times a second; the route in the document calls the same.
 */

import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import type { Verificacao, VerificationRequest } from './verificacao.service';

export const verificarPrefix = '/api/v1/licencas/verificar/';

/** A remembered answer goes by the question's text; what is remembered must not depend on anything else. */
const chaveCharactersMax = 16_384;

export type VerificarHttp = ReturnType<typeof createVerificarHttp>;

/** @param onUnknownKey is told of each call with a key that does not exist. */
export function createVerificarHttp(
  verificacao: Verificacao,
  limiter: RateLimiter,
  onUnknownKey: (ip: string | null) => void,
) {
  /**
   * @param target path and query, from `verificarPrefix` on.
   * @param ip the caller's address, whose requests are counted.
   * @throws Problem MUITAS_REQUISICOES
   */
  return (target: string, ip: string | null, requestId: string): Response => {
    const limits = limiter.take(ip);
    const json = verificacao.verificarJson(
      target,
      () => readQuestion(target),
      () => onUnknownKey(ip),
    );
    return new Response(json, {
      headers: {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'x-request-id': requestId,
        'x-content-type-options': 'nosniff',
        ...limits,
      },
    });
  };
}

function readQuestion(target: string): VerificationRequest {
  const end = target.indexOf('?');
  const path = end === -1 ? target : target.slice(0, end);
  const query = new URLSearchParams(end === -1 ? '' : target.slice(end + 1));
  const named = (name: string): string | undefined => query.get(name) ?? undefined;
  const explicar = query.get('explicar');
  return {
    chave: decode(path.slice(verificarPrefix.length).replace(/\/+$/, '')),
    impressao: named('impressao'),
    produto: named('produto'),
    versao: named('versao'),
    recursos: named('recursos')
      ?.split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    nonce: named('nonce'),
    explicar: explicar === 'true' || explicar === '1',
  };
}

/** What is no valid percent-encoding is no key either. */
function decode(text: string): string {
  try {
    return text.length > chaveCharactersMax ? '' : decodeURIComponent(text);
  } catch {
    return '';
  }
}
