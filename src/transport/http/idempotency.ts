/**
 * `Idempotency-Key` on every POST (draft-ietf-httpapi-idempotency-key-header): the same key and body replays the first
 * answer for 24 hours. Answers are sealed, for some hold a key or a token. Where a crash came between the effect and its
 * answer, the second request is told what was done instead of doing it again.
 */

import { createHash } from 'node:crypto';
import { type Clock, dayMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { problemResponse } from './errors';
import type { UnderKey } from './kit/context';
import { readBytes } from './kit/json-body';

const keptMs = dayMs;
const keyCharactersMax = 255;
const bodyBytesMax = 1024 * 1024;
const answerBytesMax = 4 * 1024 * 1024;
const sealPurpose = 'idempotencia';
/** Headers of an answer that are part of it; the rest belongs to one transmission. */
const replayedHeaders = ['content-type', 'location', 'etag', 'link'];

interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

interface Dependencies {
  work: Pick<UnitOfWork, 'reader' | 'keep' | 'keepRelaxed'>;
  keyring: Keyring;
  clock: Clock;
}

export type Idempotency = ReturnType<typeof createIdempotency>;

export function createIdempotency({ work, keyring, clock }: Dependencies) {
  /** Requests under way in this process: a twin waits for the answer of the first. */
  const running = new Map<string, { bodyHash: string; answer: Promise<StoredAnswer | null> }>();

  async function store(id: string, answer: StoredAnswer): Promise<void> {
    const resposta_selada = keyring.seal(sealPurpose, JSON.stringify(answer));
    await work.keep((db) =>
      db
        .updateTable('idempotencia')
        .set({ estado: 'respondida', status: answer.status, resposta_selada })
        .where('id', '=', id)
        .execute(),
    );
  }

  async function release(id: string): Promise<void> {
    await work.keep((db) =>
      db.deleteFrom('idempotencia').where('id', '=', id).where('estado', '=', 'em_andamento').execute(),
    );
  }

  /** Reserves the key, or answers what is known of it. */
  async function reserve(id: string, bodyHash: string): Promise<StoredAnswer | null> {
    const now = clock.now();
    const known = await work.reader
      .selectFrom('idempotencia')
      .selectAll()
      .where('id', '=', id)
      .where('criada_em', '>', now - keptMs)
      .executeTakeFirst();
    if (known && known.corpo_hash !== bodyHash) throw new Problem('IDEMPOTENCIA_DIVERGENTE');
    if (known?.resposta_selada) return JSON.parse(keyring.open(sealPurpose, known.resposta_selada)) as StoredAnswer;
    if (known?.estado === 'efetivada') {
      throw new Problem('REQUISICAO_INTERROMPIDA', {
        detalhe: `O servidor parou depois de fazer efeito: consulte ${known.entidade} ${known.entidade_id}.`,
        extra: { entidade: known.entidade, entidade_id: known.entidade_id },
      });
    }
    const row = { id, corpo_hash: bodyHash, estado: 'em_andamento', criada_em: now };
    // The effect's own commit takes it to the disk: a reservation that a power failure loses had none.
    await work.keepRelaxed(async (db) => {
      await db
        .deleteFrom('idempotencia')
        .where('criada_em', '<=', now - keptMs)
        .execute();
      // Reserved by a process that ended before anything took effect: the key is free again.
      await db
        .insertInto('idempotencia')
        .values({ ...row, status: null, resposta_selada: null, entidade: null, entidade_id: null })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    });
    return null;
  }

  /** Runs the request and keeps its answer; an answer of the server's own trouble is not kept, so that it can be tried again. */
  async function run(
    id: string,
    next: (id: string) => Promise<Response>,
  ): Promise<{ answer: StoredAnswer | null; response: Response }> {
    const response = await next(id);
    if (response.status >= 500 || response.status === 429) {
      await release(id);
      return { answer: null, response };
    }
    const body = await response.clone().text();
    if (body.length > answerBytesMax) return { answer: null, response };
    const headers = Object.fromEntries(
      replayedHeaders.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value]];
      }),
    );
    const answer = { status: response.status, headers, body };
    await store(id, answer);
    return { answer, response };
  }

  /** Answers once for a body: runs the request, waits for a twin under way, or replays what was answered. */
  async function once(id: string, bodyHash: string, next: (id: string) => Promise<Response>): Promise<Response> {
    const twin = running.get(id);
    if (twin) {
      if (twin.bodyHash !== bodyHash) throw new Problem('IDEMPOTENCIA_DIVERGENTE');
      const answer = await twin.answer;
      if (!answer) throw new Problem('REQUISICAO_EM_ANDAMENTO', { headers: { 'Retry-After': '1' } });
      return replay(answer);
    }
    let settle: (answer: StoredAnswer | null) => void = () => undefined;
    running.set(id, { bodyHash, answer: new Promise((resolve) => (settle = resolve)) });
    try {
      const kept = await reserve(id, bodyHash);
      if (kept) {
        settle(kept);
        return replay(kept);
      }
      const { answer, response } = await run(id, next);
      settle(answer);
      return response;
    } finally {
      settle(null);
      running.delete(id);
    }
  }

  /** The name of one caller's key for one address. */
  function idOf(request: Request, key: string, principal: string): string {
    return createHash('sha256')
      .update(JSON.stringify([request.method, new URL(request.url).pathname, principal, key]))
      .digest('base64url');
  }

  return {
    /**
     * Handles a POST under its Idempotency-Key.
     * @param principal who asks, so that two callers may use the same key.
     * @param next handles the request, with the body given, under a reservation.
     */
    async handle(
      request: Request,
      key: string,
      principal: string,
      next: (body: Uint8Array<ArrayBuffer>, id: string) => Promise<Response>,
    ): Promise<Response> {
      try {
        checkKey(key);
        const body = await readBytes(request, bodyBytesMax);
        const bodyHash = createHash('sha256').update(body).digest('base64url');
        return await once(idOf(request, key, principal), bodyHash, (id) => next(body, id));
      } catch (error) {
        if (error instanceof Problem) return problemResponse(error, request);
        throw error;
      }
    },

    /**
     * The same for a body that is not held in memory: whoever has received it says what it was, and answers under the
     * reservation. A failure of theirs is the answer that is kept.
     */
    received(request: Request, key: string, principal: string): UnderKey {
      return async (fingerprint, next) => {
        checkKey(key);
        const id = idOf(request, key, principal);
        return once(id, fingerprint, async (reservation) => {
          try {
            return await next(reservation);
          } catch (error) {
            if (error instanceof Problem) return problemResponse(error, request);
            await release(id);
            throw error;
          }
        });
      };
    },
  };
}

/** @throws Problem VALIDACAO */
function checkKey(key: string): void {
  if (key.length > 0 && key.length <= keyCharactersMax) return;
  throw new Problem('VALIDACAO', { detalhe: `Idempotency-Key deve ter de 1 a ${keyCharactersMax} caracteres.` });
}

function replay(answer: StoredAnswer): Response {
  return new Response(answer.status === 204 ? null : answer.body, {
    status: answer.status,
    headers: { ...answer.headers, 'Idempotent-Replayed': 'true' },
  });
}
