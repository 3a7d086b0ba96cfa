/**
 * `POST /uploads/versao/check` from request to answer, remembered: a fleet asks the same question again and again, and the
 * answer changes only with a version, the licence, the customer, the machine or a pin. The address in it is signed anew,
 * once a second at most. The server asks here before its router.
 */

import { type Clock, hourMs, secondMs } from '../../core/clock';
import { createRemembered, type Rests } from '../../core/remembered';
import type { Commit } from '../../storage/sqlite/unit-of-work';
import { contextOf, setContext } from '../../transport/http/kit/context';
import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import { nextChange } from '../licencas/validacao.model';
import type { Atualizacao, Atualizacoes } from './atualizacao.service';
import { catalogoId } from './catalogo.service';
import { type Chamador, idsOf } from './chamadores.service';

export const checkPath = '/api/v1/uploads/versao/check';

const answersMax = 32_768;
const changesMax = 65_536;
const questionBytesMax = 2_048;
const answerCharactersMax = 4_096;

/** What the route found out, to be answered again without it. */
interface Found {
  answer: Atualizacao;
  chamador: Chamador;
  /** Whose versions were looked through: the licence's product, or one for every licence. */
  produtoId: string;
  /** Scheme and authority of the address in it. */
  origem: string;
  /** Whether a key was the credential, so that requests of an address are counted. */
  byKey: boolean;
}

interface Kept extends Rests, Pick<Found, 'origem' | 'byKey'> {
  /** The answer as JSON, up to the address where there is one. */
  head: string;
  versaoId: string | null;
  /** Whom the address is signed for. */
  ref: string;
  /** The address as it was signed last, and the second in which it was. */
  signed: { second: number; json: string };
}

interface Dependencies {
  clock: Clock;
  limiter: RateLimiter;
  endereco: Atualizacoes['endereco'];
}

export type CheckHttp = ReturnType<typeof createCheckHttp>;

export function createCheckHttp({ clock, limiter, endereco }: Dependencies) {
  const remembered = createRemembered<Kept>(answersMax, changesMax);
  const found = new WeakMap<Request, Found>();

  function keep(
    question: string,
    stamp: number,
    now: number,
    { answer, chamador, produtoId, origem, byKey }: Found,
  ): void {
    const { url, ...rest } = answer;
    const json = JSON.stringify(rest);
    if (json.length > answerCharactersMax) return;
    remembered.keep(question, {
      head: url === undefined ? json : `${json.slice(0, -1)},"url":`,
      versaoId: answer.versao?.id ?? null,
      ref: chamador.ref,
      signed: { second: 0, json: '' },
      origem,
      byKey,
      stamp,
      computedAt: now,
      until: Math.min(now + hourMs, nextChange(chamador.facts.licenca, now) ?? Number.POSITIVE_INFINITY),
      ids: [catalogoId, produtoId, ...idsOf(chamador)],
    });
  }

  return {
    /**
     * @param next answers through the router.
     * @throws Problem MUITAS_REQUISICOES
     */
    async answer(request: Request, next: (request: Request) => Promise<Response> | Response): Promise<Response> {
      const { url, headers } = request;
      if (!(Number(headers.get('content-length') ?? Number.NaN) <= questionBytesMax)) return next(request);
      const body = await request.text();
      const { secure } = contextOf(request);
      const question = `${secure} ${url}\n${headers.get('authorization')}\n${headers.get('content-type')}\n${body}`;
      const now = clock.now();
      const known = remembered.find(question, now);
      if (known) {
        const { head, versaoId, ref, origem, byKey } = known;
        const limits = byKey ? limiter.take(contextOf(request).ip) : null;
        const second = Math.floor(now / secondMs);
        if (versaoId !== null && known.signed.second !== second) {
          known.signed = { second, json: `${JSON.stringify(endereco(versaoId, ref, origem))}}` };
        }
        return new Response(head + known.signed.json, {
          headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...limits },
        });
      }
      const stamp = remembered.stamp();
      const again = new Request(url, { method: request.method, headers, body });
      setContext(again, contextOf(request));
      const response = await next(again);
      const fresh = found.get(again);
      if (fresh && response.status === 200) keep(question, stamp, now, fresh);
      return response;
    },

    /** The route tells here what it found, so that it can be answered again. */
    note(request: Request, what: Found): void {
      found.set(request, what);
    },

    /** Outdates every answer that rests on what a commit touched. */
    onCommit(commit: Commit): void {
      remembered.changed(commit.ids);
    },
  };
}
