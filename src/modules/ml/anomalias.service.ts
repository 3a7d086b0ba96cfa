/**
 * Watches every metric of every machine as heartbeats come in. A step costs a microsecond or two; what is found is written in
 * batches, so that the heartbeat that brought it waits for nothing.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemActor } from '../../core/actor';
import { type Clock, hourMs, minuteMs, rfc3339, secondMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  anomalyScore,
  anomalyThreshold,
  decodeStream,
  encodeStream,
  newStream,
  type StreamState,
  usualRange,
} from './anomalia.model';
import { type Anomalia, anomaliasOf, deleteAnomaliasBefore, insertAnomalias } from './anomalias.store';

/** From here on an anomaly is told as an event; below it is only marked in the charts. */
const tellingScore = 0.5;
/** One machine tells of an anomaly this often at most. */
const tellingPauseMs = hourMs;
const writeEveryMs = secondMs;
const saveEveryMs = 5 * minuteMs;
const forgetAfterMs = hourMs;
const machinesPerTurn = 100;
const pendingMax = 10_000;
const deletedPerTransaction = 500;
/** cpu, memoria, disco and the extras a machine may have. */
const metricsMax = 23;
const stampBytes = 8;

/** One heartbeat's numbers. */
export interface Medicao {
  em: number;
  cpu: number;
  memoria: number;
  disco: number;
  extras?: Readonly<Record<string, number>>;
}

export interface StreamsStore {
  load(maquinaId: string): { metrica: string; bytes: Buffer }[];
  /** Resolves once it is on the disk. */
  save(entries: readonly { maquinaId: string; metrica: string; bytes: Buffer }[]): Promise<void>;
  forget(maquinaId: string): Promise<void>;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  streams: StreamsStore;
  onError(error: unknown): void;
}

/** Between two looks at a machine, on its own clock. */
const lookEveryMs = secondMs;

/** What is kept in memory of a machine. */
interface Watched {
  /** The newest heartbeat taken in, on the machine's clock: what is older comes late and would mix up the course. */
  em: number;
  heardAt: number;
  metrics: Map<string, StreamState>;
  dirty: boolean;
}

export function createAnomalias({ work, clock, ids, streams, onError }: Dependencies) {
  const watched = new Map<string, Watched>();
  const toldAt = new Map<string, number>();
  let found: Anomalia[] = [];
  let dropped = 0;
  const timers: ReturnType<typeof setInterval>[] = [];

  function load(maquinaId: string): Watched {
    const metrics = new Map<string, StreamState>();
    let em = Number.NEGATIVE_INFINITY;
    for (const { metrica, bytes } of streams.load(maquinaId)) {
      const state = decodeStream(bytes.subarray(stampBytes));
      if (!state) continue;
      em = Math.max(em, bytes.readDoubleLE(0));
      metrics.set(metrica, state);
    }
    const machine: Watched = { em, heardAt: clock.now(), metrics, dirty: false };
    watched.set(maquinaId, machine);
    return machine;
  }

  function take(machine: Watched, maquinaId: string, metrica: string, valor: number, em: number): void {
    let state = machine.metrics.get(metrica);
    if (!state) {
      if (machine.metrics.size >= metricsMax) return;
      state = newStream();
      machine.metrics.set(metrica, state);
    }
    const pontuacao = anomalyScore(state, valor);
    if (pontuacao < anomalyThreshold) return;
    if (found.length >= pendingMax) {
      dropped += 1;
      return;
    }
    const { min, max } = usualRange(state);
    const id = ids.next(clock.now());
    found.push({ id, maquina_id: maquinaId, metrica, em, valor, usual_min: min, usual_max: max, pontuacao });
  }

  async function write(): Promise<void> {
    if (found.length === 0) return;
    const batch = found;
    found = [];
    try {
      await work.write(systemActor('anomalias'), async (tx) => {
        const machines = await existing(tx, batch);
        const kept = batch.filter(({ maquina_id }) => machines.has(maquina_id));
        await insertAnomalias(tx.db, kept);
        for (const anomalia of kept) if (mayTell(anomalia, tx.now)) await tell(tx, anomalia, machines);
      });
    } catch (error) {
      onError(error);
    }
  }

  function mayTell({ maquina_id, pontuacao }: Anomalia, now: number): boolean {
    if (pontuacao < tellingScore) return false;
    if (now - (toldAt.get(maquina_id) ?? Number.NEGATIVE_INFINITY) < tellingPauseMs) return false;
    toldAt.set(maquina_id, now);
    return true;
  }

  /** Saves what has changed, some machines a turn, and forgets in memory who is silent. */
  async function save(): Promise<void> {
    let entries: { maquinaId: string; metrica: string; bytes: Buffer }[] = [];
    let machines = 0;
    for (const [maquinaId, machine] of watched) {
      if (machine.dirty) {
        machine.dirty = false;
        for (const [metrica, state] of machine.metrics) {
          const stamp = Buffer.alloc(stampBytes);
          stamp.writeDoubleLE(machine.em);
          entries.push({ maquinaId, metrica, bytes: Buffer.concat([stamp, encodeStream(state)]) });
        }
        machines += 1;
      } else if (clock.now() - machine.heardAt > forgetAfterMs) {
        watched.delete(maquinaId);
        toldAt.delete(maquinaId);
      }
      if (machines < machinesPerTurn) continue;
      await streams.save(entries);
      [entries, machines] = [[], 0];
      await nextTurn();
    }
    await streams.save(entries);
  }

  return {
    /** Takes in what a machine has just stored. Costs a microsecond or two a number, and never throws. */
    heard(maquinaId: string, points: readonly Medicao[]): void {
      try {
        const machine = watched.get(maquinaId) ?? load(maquinaId);
        machine.heardAt = clock.now();
        const inOrder = points.length > 1 ? [...points].sort((a, b) => a.em - b.em) : points;
        for (const { em, cpu, memoria, disco, extras } of inOrder) {
          // A machine that says more is looked at once a second: the course is the same, and its broker is not slowed down.
          if (em < machine.em + lookEveryMs) continue;
          machine.em = em;
          machine.dirty = true;
          take(machine, maquinaId, 'cpu', cpu, em);
          take(machine, maquinaId, 'memoria', memoria, em);
          take(machine, maquinaId, 'disco', disco, em);
          for (const name in extras) take(machine, maquinaId, name, extras[name] ?? Number.NaN, em);
        }
      } catch (error) {
        onError(error);
      }
    },

    /** The newest time a machine has given, on its own clock; minus infinity before its first. */
    newest: (maquinaId: string): number => (watched.get(maquinaId) ?? load(maquinaId)).em,

    /** What was unusual of a machine with `from <= em < to`, oldest first, with the words for it. */
    async marcadas(maquinaId: string, fromMs: number, toMs: number) {
      const anomalias = await anomaliasOf(work.reader, maquinaId, fromMs, toMs);
      return anomalias.map((anomalia) => {
        const { em, metrica, valor, pontuacao } = anomalia;
        return { em, metrica, valor, pontuacao, texto: anomaliaText(anomalia) };
      });
    },

    /** Forgets a machine that was removed. */
    async forget(maquinaId: string): Promise<void> {
      watched.delete(maquinaId);
      toldAt.delete(maquinaId);
      await streams.forget(maquinaId);
    },

    /** Removes what is older, a portion at a time, so that nobody else waits. @returns how many. */
    async limpar(beforeMs: number, signal: AbortSignal): Promise<number> {
      let total = 0;
      for (let last = deletedPerTransaction; last === deletedPerTransaction && !signal.aborted; total += last) {
        last = await work.write(systemActor('anomalias'), (tx) =>
          deleteAnomaliasBefore(tx.db, beforeMs, deletedPerTransaction),
        );
      }
      return total;
    },

    start(): void {
      timers.push(setInterval(() => void write(), writeEveryMs));
      timers.push(setInterval(() => void save().catch(onError), saveEveryMs));
    },

    async stop(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      await write();
      await save().catch(onError);
    },

    stats: () => ({ machines: watched.size, pending: found.length, dropped }),
  };
}

type Machines = Map<string, { nome: string; cliente_id: string; licenca_id: string }>;

async function existing(tx: Tx, batch: readonly Anomalia[]): Promise<Machines> {
  const wanted = [...new Set(batch.map(({ maquina_id }) => maquina_id))];
  const rows = await tx.db
    .selectFrom('maquinas')
    .select(['id', 'nome', 'cliente_id', 'licenca_id'])
    .where('id', 'in', wanted)
    .execute();
  return new Map(rows.map(({ id, ...machine }) => [id, machine]));
}

async function tell(tx: Tx, anomalia: Anomalia, machines: Machines): Promise<void> {
  const { maquina_id, metrica, valor, em, pontuacao, usual_min, usual_max } = anomalia;
  const dados = { maquina_id, ...machines.get(maquina_id), metrica, valor, pontuacao, usual_min, usual_max };
  await tx.record({
    acao: 'detectar_anomalia',
    entidade: 'maquina',
    entidadeId: maquina_id,
    antes: null,
    depois: { metrica, valor, pontuacao, em: rfc3339(em) },
    eventos: [
      {
        tipo: 'maquina.anomalia',
        entidade: 'maquina',
        entidadeId: maquina_id,
        dados: { ...dados, em: rfc3339(em), texto: anomaliaText(anomalia) },
      },
    ],
  });
}

const nomes: Readonly<Record<string, string>> = { cpu: 'CPU', memoria: 'Memória', disco: 'Disco' };

/** What is unusual, in words: `CPU em 97, quando costuma ficar entre 10 e 40`. */
function anomaliaText({ metrica, valor, usual_min, usual_max }: Anomalia): string {
  const percent = metrica in nomes ? ' %' : '';
  const low = metrica in nomes ? Math.max(0, usual_min) : usual_min;
  const high = metrica in nomes ? Math.min(100, usual_max) : usual_max;
  return `${nomes[metrica] ?? metrica} em ${decimal(valor)}${percent}, quando costuma ficar entre ${decimal(low)} e ${decimal(high)}${percent}`;
}

function decimal(value: number): string {
  return value.toLocaleString('pt-BR', { maximumFractionDigits: 1 });
}
