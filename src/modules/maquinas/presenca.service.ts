/**
 * Who is there: heartbeats in, online and offline out. Last-heard times live in memory and in the series store; the
 * database hears only of the moments at which a machine comes or goes.
 */

import { systemActor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type HeartbeatMessage, readHeartbeats } from './heartbeat.model';
import type { Conexao } from './maquinas.model';
import { maquinaEventData } from './maquinas.service';
import { findMaquina } from './maquinas.store';
import type { SeriesStore } from './series.store';

const missedIntervalsMax = 3;
/** A lost connection may come back: a machine is offline when it has not, this long after. */
const reconnectGraceMs = 10 * secondMs;
const sweepEveryMs = 5 * secondMs;

interface Presence {
  heardAt: number;
  conexao: Conexao;
  versao: string | null;
}

interface Dependencies {
  work: UnitOfWork;
  series: SeriesStore;
  clock: Clock;
  heartbeatIntervalMs: number;
  /** Extends the machine's seat of a floating licence. */
  seat(maquinaId: string): Promise<void>;
  onError(error: unknown, maquinaId: string): void;
}

export type Presenca = ReturnType<typeof createPresenca>;

export function createPresenca({ work, series, clock, heartbeatIntervalMs, seat, onError }: Dependencies) {
  const actor = systemActor('presenca');
  const known = new Map<string, Presence>();
  const disconnectTimers = new Map<string, ReturnType<typeof setTimeout>>();
  const running = new Set<Promise<void>>();
  let sweeper: ReturnType<typeof setInterval> | null = null;

  /** Moves a machine in the database; the presence in memory is asked again inside, so that a heartbeat wins. */
  function move(maquinaId: string, to: Conexao, stillTrue: () => boolean): void {
    const moving = work
      .write(actor, async (tx) => {
        const found = await findMaquina(tx.db, maquinaId);
        if (!found || !stillTrue()) return;
        const presence = known.get(maquinaId);
        const versao = presence?.versao ?? found.maquina.versao;
        if (found.maquina.conexao === to && versao === found.maquina.versao) return;
        await tx.db.updateTable('maquinas').set({ conexao: to, versao }).where('id', '=', maquinaId).execute();
        if (found.maquina.conexao === to) return;
        await tx.record({
          acao: to === 'online' ? 'conectar' : 'desconectar',
          entidade: 'maquina',
          entidadeId: maquinaId,
          antes: { conexao: found.maquina.conexao },
          depois: { conexao: to },
          eventos: [
            {
              tipo: to === 'online' ? 'maquina.online' : 'maquina.offline',
              entidade: 'maquina',
              entidadeId: maquinaId,
              dados: { ...maquinaEventData(found.maquina), conexao: to },
            },
          ],
        });
      })
      .catch((error: unknown) => onError(error, maquinaId))
      .finally(() => running.delete(moving));
    running.add(moving);
  }

  function heard(maquinaId: string, message: HeartbeatMessage, now: number): void {
    const before = known.get(maquinaId);
    const versao = message.versao ?? before?.versao ?? null;
    known.set(maquinaId, { heardAt: now, conexao: 'online', versao });
    if (before?.conexao !== 'online' || versao !== before.versao) {
      move(maquinaId, 'online', () => known.get(maquinaId)?.conexao === 'online');
    }
  }

  function goOffline(maquinaId: string, heardBefore: number): void {
    const presence = known.get(maquinaId);
    if (presence?.conexao !== 'online' || presence.heardAt > heardBefore) return;
    presence.conexao = 'offline';
    move(maquinaId, 'offline', () => known.get(maquinaId)?.conexao === 'offline');
  }

  return {
    /** Takes up where the last run ended; machines have three intervals from now to be heard again. */
    async start(): Promise<void> {
      const rows = await work.reader
        .selectFrom('maquinas')
        .select(['id', 'versao'])
        .where('conexao', '=', 'online')
        .execute();
      for (const { id, versao } of rows) known.set(id, { heardAt: clock.now(), conexao: 'online', versao });
      sweeper = setInterval(() => this.sweep(), sweepEveryMs);
    },

    async stop(): Promise<void> {
      if (sweeper) clearInterval(sweeper);
      for (const timer of disconnectTimers.values()) clearTimeout(timer);
      disconnectTimers.clear();
      await Promise.all(running);
    },

    /**
     * Stores the heartbeats of a machine; resolves once they are on the disk.
     * @param body the parsed JSON of one heartbeat or a list.
     * @throws Problem VALIDACAO, HEARTBEAT_NO_FUTURO, HEARTBEAT_ANTIGO
     */
    async heartbeat(maquinaId: string, body: unknown): Promise<number> {
      const now = clock.now();
      const message = readHeartbeats(body, now);
      await series.append(maquinaId, message.points, now);
      heard(maquinaId, message, now);
      await seat(maquinaId);
      return message.points.length;
    },

    /** A connection of the machine has ended, whatever the reason. */
    disconnected(maquinaId: string): void {
      const at = clock.now();
      this.connected(maquinaId);
      disconnectTimers.set(
        maquinaId,
        setTimeout(() => {
          disconnectTimers.delete(maquinaId);
          goOffline(maquinaId, at);
        }, reconnectGraceMs),
      );
    },

    /** The machine has a connection again. */
    connected(maquinaId: string): void {
      const timer = disconnectTimers.get(maquinaId);
      if (timer) clearTimeout(timer);
      disconnectTimers.delete(maquinaId);
    },

    /** Marks as offline who has missed three heartbeats. */
    sweep(): void {
      const silentSince = clock.now() - missedIntervalsMax * heartbeatIntervalMs;
      for (const [maquinaId, presence] of known) {
        if (presence.conexao === 'online' && presence.heardAt <= silentSince) goOffline(maquinaId, silentSince);
      }
    },

    /** How many machines are there and how many are not, of those that were ever heard and may be. */
    async counts(): Promise<{ online: number; offline: number }> {
      const rows = await work.reader
        .selectFrom('maquinas')
        .select(['conexao', ({ fn }) => fn.countAll<number>().as('total')])
        .where('conexao', 'in', ['online', 'offline'])
        .groupBy('conexao')
        .execute();
      const of = (conexao: string) => Number(rows.find((row) => row.conexao === conexao)?.total ?? 0);
      return { online: of('online'), offline: of('offline') };
    },

    /** When the machine was last heard, epoch milliseconds. */
    lastSeen(maquinaId: string): number | null {
      return series.lastSeen(maquinaId);
    },

    /** Forgets a machine that was removed. */
    forget(maquinaId: string): void {
      known.delete(maquinaId);
      this.connected(maquinaId);
    },
  };
}
