/**
 * The live feed: committed events to whoever listens, in the order of their commits. A client that comes back is first
 * given what it missed out of the outbox and joins in the very tick in which nothing is left to read: no gap, no double.
 */

import type { Database } from 'bun:sqlite';
import type { CommittedEvent, EventType } from '../../core/events';
import { toEvent } from '../../storage/sqlite/outbox';
import type { OutboxTable } from '../../storage/sqlite/schema-events';
import type { Commit } from '../../storage/sqlite/unit-of-work';

const clientsMax = 2_000;
const replayBatchMax = 500;
/** Events of so many milliseconds go out together: a busy server writes to each client some twenty times a second. */
const flushMs = 50;
/** Sooner, when so many wait. */
const pendingMax = 500;
/** A client that takes none of its replay for so long is gone. */
const replayWaitMs = 30_000;

/** Events on their way to clients that listen for the same ones: each form is made once for all of them. */
export interface Lote {
  /** Each event as JSON. */
  textos: readonly string[];
  /** All of them as server-sent events. */
  sse(): Uint8Array;
}

/** Somebody who listens. */
export interface Ouvinte {
  /** Takes events. @returns false when its buffer is full: it is then dropped. */
  entregar(lote: Lote): boolean;
  /** Resolves once there is room for more; a replay waits for it. */
  espaco(): Promise<void>;
  /** Is told why it hears nothing more. */
  encerrar(motivo: MotivoDeFim): void;
}

export type MotivoDeFim = 'CLIENTE_LENTO' | 'TOKEN_INVALIDO' | 'SERVIDOR_PARANDO';

export interface Assinatura {
  /** Changes which events are heard from now on. */
  mudar(tipos: ReadonlySet<EventType>): void;
  fim(): void;
}

interface Client {
  ouvinte: Ouvinte;
  tipos: ReadonlySet<EventType>;
  /** Clients with the same key are sent the same. */
  key: string;
  /** The last event it has been given or passed over. */
  seq: number;
  live: boolean;
  ended: boolean;
}

interface Dependencies {
  /** The reader's raw handle: the last page of a replay is read without giving way to a commit. */
  handle: Database;
  /** How much of its speed it may use: at none of it the writes to clients are half as many. */
  pressao: { share(): number };
  onError(error: unknown): void;
}

export type Vivo = ReturnType<typeof createVivo>;

export function createVivo({ handle, pressao, onError }: Dependencies) {
  const page = handle.prepare<OutboxTable & { seq: number }, [number, number]>(
    'SELECT * FROM outbox WHERE seq > ? ORDER BY seq LIMIT ?',
  );
  const lastSeq = handle.prepare<{ seq: number | null }, []>('SELECT max(seq) AS seq FROM outbox');
  const seqOfId = handle.prepare<{ seq: number }, [string]>('SELECT seq FROM outbox WHERE id = ?');
  // Ids are UUIDv7: where one is no longer kept, what came after it is what has a greater one.
  const beforeId = handle.prepare<{ seq: number | null }, [string]>('SELECT max(seq) AS seq FROM outbox WHERE id < ?');
  const oldest = handle.prepare<{ id: string }, []>('SELECT id FROM outbox ORDER BY seq LIMIT 1');

  const clients = new Set<Client>();
  let pending: CommittedEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let dropped = 0;

  function end(client: Client, motivo: MotivoDeFim | null): void {
    if (client.ended) return;
    client.ended = true;
    clients.delete(client);
    if (motivo === 'CLIENTE_LENTO') dropped += 1;
    if (motivo) client.ouvinte.encerrar(motivo);
  }

  function flush(): void {
    if (timer) clearTimeout(timer);
    timer = null;
    const events = pending;
    pending = [];
    const first = events[0];
    if (!first) return;
    const lotes = new Map<string, { lote: Lote | null }>();
    for (const client of clients) {
      if (!client.live) continue;
      // Only one that has just joined has heard some of these from its replay.
      if (client.seq >= first.seq) {
        deliver(client, loteOf(events.filter(({ seq, tipo }) => seq > client.seq && client.tipos.has(tipo))));
      } else {
        let shared = lotes.get(client.key);
        if (!shared) {
          shared = { lote: loteOf(events.filter(({ tipo }) => client.tipos.has(tipo))) };
          lotes.set(client.key, shared);
        }
        deliver(client, shared.lote);
      }
      client.seq = Math.max(client.seq, events.at(-1)?.seq ?? 0);
    }
  }

  function deliver(client: Client, lote: Lote | null): void {
    if (lote && !client.ended && !client.ouvinte.entregar(lote)) end(client, 'CLIENTE_LENTO');
  }

  /** Gives a client what it missed, then lets it join. */
  async function replay(client: Client): Promise<void> {
    while (!client.ended) {
      const rows = page.all(client.seq, replayBatchMax);
      const events = rows.map(toEvent).filter(({ tipo }) => client.tipos.has(tipo));
      deliver(client, loteOf(events));
      client.seq = rows.at(-1)?.seq ?? client.seq;
      if (rows.length < replayBatchMax) {
        client.live = true;
        return;
      }
      if (!(await roomIn(client))) end(client, 'CLIENTE_LENTO');
    }
  }

  return {
    /** Is told of every commit, in order. */
    onCommit({ events }: Commit): void {
      if (events.length === 0 || clients.size === 0) return;
      pending.push(...events);
      if (pending.length < pendingMax) timer ??= setTimeout(flush, flushMs * (2 - pressao.share()));
      else flush();
    },

    /** Whether another client may listen. */
    cheio: () => clients.size >= clientsMax,

    /** @returns whether events after this one are no longer kept, so that a resumption would have a gap. */
    lacuna(ultimoId: string): boolean {
      return seqOfId.get(ultimoId) === null && ultimoId < (oldest.get()?.id ?? '');
    },

    /** @param ultimoId the last event the client has had; from now on when null. */
    assinar(ouvinte: Ouvinte, tipos: ReadonlySet<EventType>, ultimoId: string | null): Assinatura {
      const seq =
        ultimoId === null
          ? (lastSeq.get()?.seq ?? 0)
          : (seqOfId.get(ultimoId)?.seq ?? beforeId.get(ultimoId)?.seq ?? 0);
      const client: Client = { ouvinte, tipos, key: keyOf(tipos), seq, live: ultimoId === null, ended: false };
      clients.add(client);
      if (!client.live) replay(client).catch(onError);
      return {
        mudar: (next) => {
          client.tipos = next;
          client.key = keyOf(next);
        },
        fim: () => end(client, null),
      };
    },

    /** Ends every connection: the server stops. */
    encerrar(): void {
      if (timer) clearTimeout(timer);
      for (const client of [...clients]) end(client, 'SERVIDOR_PARANDO');
    },

    stats: () => ({ clientes: clients.size, derrubados: dropped }),
  };
}

function keyOf(tipos: ReadonlySet<EventType>): string {
  return [...tipos].join(' ');
}

const encoder = new TextEncoder();

function loteOf(events: readonly CommittedEvent[]): Lote | null {
  if (events.length === 0) return null;
  const textos = events.map(({ id, tipo, em, dados, request_id }) =>
    JSON.stringify({ id, tipo, em, dados, request_id }),
  );
  let bytes: Uint8Array | null = null;
  return {
    textos,
    sse: () => {
      bytes ??= encoder.encode(textos.map((texto, n) => `id: ${events[n]?.id}\ndata: ${texto}\n\n`).join(''));
      return bytes;
    },
  };
}

async function roomIn(client: Client): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), replayWaitMs);
  });
  const room = await Promise.race([client.ouvinte.espaco().then(() => true), tooLong]);
  clearTimeout(timer);
  // Between two pages the others get their turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  return room;
}
