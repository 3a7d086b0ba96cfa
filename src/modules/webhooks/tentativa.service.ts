/** One attempt at delivering: the body, its signature, the request, and what is kept of both sides for the log. */

import { type Clock, secondMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import { TemplateError } from '../../core/template';
import { signatureHeaders } from './assinatura.model';
import { corpoOf } from './corpo.view';
import type { EntregaDevida } from './entregas.store';
import { maskHeaders, maskUrl, retryAfterMs, type Tentativa, type Webhook } from './webhooks.model';

const timeoutMs = 15 * secondMs;
const loggedCharactersMax = 4_096;
const errorCharactersMax = 500;

/** Sends one request to a public address, and to no other. */
export interface Outbound {
  send(request: {
    url: string;
    method: 'POST';
    headers: Readonly<Record<string, string>>;
    body: string;
    timeoutMs: number;
  }): Promise<{ status: number; headers: Readonly<Record<string, string>>; body: string }>;
}

interface Dependencies {
  outbound: Outbound;
  clock: Clock;
  /** The machine's own clock: receivers compare the signature's time with theirs. */
  wallClock: Clock;
  userAgent: string;
}

/** Never throws: what goes wrong is what came of the attempt. */
export type Tentar = (
  webhook: Webhook,
  entrega: Pick<EntregaDevida, 'evento_id' | 'evento' | 'requisicao'>,
) => Promise<Tentativa>;

export function createTentar({ outbound, clock, wallClock, userAgent }: Dependencies): Tentar {
  return async (webhook, { evento_id, evento, requisicao }) => {
    const begun = performance.now();
    const outcome = (rest: Partial<Tentativa>): Tentativa => ({
      status: null,
      erro: null,
      resposta: null,
      esperarMs: null,
      requisicao: null,
      definitiva: false,
      duracaoMs: performance.now() - begun,
      ...rest,
    });
    let body: string;
    try {
      body = evento ? corpoOf(evento, webhook.modelo) : corpoGuardado(requisicao);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return outcome({ erro: `modelo: ${error.message}`.slice(0, errorCharactersMax), definitiva: true });
    }
    const headers = {
      'content-type': 'application/json',
      'user-agent': userAgent,
      ...webhook.cabecalhos,
      ...signatureHeaders(webhook, evento_id, body, clock.now(), wallClock.now()),
    };
    const logged = JSON.stringify({
      url: maskUrl(webhook.url),
      cabecalhos: maskHeaders(headers),
      corpo: body.slice(0, loggedCharactersMax),
    });
    try {
      const answer = await outbound.send({ url: webhook.url, method: 'POST', headers, body, timeoutMs });
      const delivered = answer.status >= 200 && answer.status < 300;
      return outcome({
        status: answer.status,
        resposta: answer.body.slice(0, loggedCharactersMax),
        esperarMs: retryAfterMs(answer.headers['retry-after'], wallClock.now()),
        requisicao: logged,
        erro: delivered ? null : `o destino respondeu ${answer.status}`,
      });
    } catch (error) {
      const reason = error instanceof Problem ? `${error.codigo}: ${error.message}` : reasonOf(error);
      return outcome({ requisicao: logged, erro: reason.slice(0, errorCharactersMax) });
    }
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

/** The body of a delivery whose event is no longer kept. @throws TemplateError when the log has not all of it. */
function corpoGuardado(requisicao: string | null): string {
  const { corpo } = JSON.parse(requisicao ?? '{}') as { corpo?: unknown };
  if (typeof corpo === 'string' && corpo.length < loggedCharactersMax) return corpo;
  throw new TemplateError('o evento desta entrega não é mais guardado');
}
