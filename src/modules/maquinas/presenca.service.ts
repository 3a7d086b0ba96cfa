/**
 * Who is there: heartbeats in, online and offline out. Last-heard times live in memory and in the series store; the
 * database hears only of the moments at which a machine comes or goes.
 */

import { type Clock, secondMs } from '../../core/clock';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { createConexoes } from './conexoes.service';
import { readHeartbeats } from './heartbeat.model';
import {
  type Atencao,
  heardAt,
  isLateFarewell,
  leftAt,
  lookAgain,
  offlineReason,
  type Presenca as PresencaState,
  type RegrasPresenca,
} from './presenca.model';
import type { Heard, SeriesStore } from './series.store';

const lookEveryMs = secondMs;

interface Conhecida extends PresencaState {
  online: boolean;
  versao: string | null;
  /** The session its last birth named. */
  sessao: string | null;
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
  const conexoes = createConexoes({ work, series, onError });
  const known = new Map<string, Conhecida>();
  /** Machines with heartbeats on their way to the disk: they are not silent. */
  const receiving = new Map<string, number>();
  /** Machines whose arrival is being written. */
  const arriving = new Map<string, Promise<void>>();
  let atencao: Atencao = { olhadaEm: clock.now(), perdidoMs: 0 };
  /** When this server began to listen, attended time. */
  let inicioEm = Number.POSITIVE_INFINITY;
  let pausas = 0;
  let timer: ReturnType<typeof setInterval> | null = null;
  const regras: RegrasPresenca = { intervaloMs: heartbeatIntervalMs, carenciaAte: 0 };

  const attended = (): number => clock.now() - atencao.perdidoMs;

  function look(): void {
    atencao = lookAgain(atencao, clock.now(), lookEveryMs, pausas > 0);
  }

  /** The machine was heard; resolves once the database says that it is there. */
  async function heard(maquinaId: string, em: number, news: { versao?: string | null; sessao?: string | null }) {
    const before = known.get(maquinaId) ?? { ouvidaEm: em, saida: null, online: false, versao: null, sessao: null };
    const after: Conhecida = {
      ...before,
      ...heardAt(before, em),
      online: true,
      versao: news.versao ?? before.versao,
      sessao: news.sessao ?? before.sessao,
    };
    known.set(maquinaId, after);
    // Heartbeats are acknowledged in the order in which they came: a later one waits for what an earlier one waits for.
    if (before.online && after.versao === before.versao) {
      await arriving.get(maquinaId);
      return;
    }
    const arrival = conexoes.mover(maquinaId, {
      para: 'online',
      motivo: null,
      versao: after.versao,
      vale: () => known.get(maquinaId)?.online === true,
      falhou: () => setOnline(maquinaId, false),
    });
    arriving.set(maquinaId, arrival);
    await arrival;
    if (arriving.get(maquinaId) === arrival) arriving.delete(maquinaId);
  }

  function setOnline(maquinaId: string, online: boolean): void {
    const before = known.get(maquinaId);
    if (before) before.online = online;
  }

  function left(maquinaId: string, motivo: 'desconectou' | 'conexao_perdida'): void {
    const before = known.get(maquinaId);
    if (before?.online) known.set(maquinaId, { ...before, ...leftAt(before, attended(), motivo) });
  }

  /** Marks as offline who has missed three heartbeats, or has not come back since its connection ended. */
  function sweep(): void {
    look();
    if (pausas > 0) return;
    const now = attended();
    for (const [maquinaId, presenca] of known) {
      if (!presenca.online || receiving.has(maquinaId)) continue;
      const motivo = offlineReason(presenca, regras, now);
      if (motivo === null) continue;
      presenca.online = false;
      void conexoes.mover(maquinaId, {
        para: 'offline',
        motivo,
        versao: null,
        vale: () => {
          if (known.get(maquinaId)?.online !== false) return false;
          // Should what is being received not be stored, the next look finds the machine silent again.
          if (receiving.has(maquinaId)) setOnline(maquinaId, true);
          return !receiving.has(maquinaId);
        },
        falhou: () => setOnline(maquinaId, true),
      });
    }
  }

  return {
    /** Takes up where the last run ended; whoever was online has an interval to be heard again. */
    async start(): Promise<void> {
      look();
      const rows = await work.reader
        .selectFrom('maquinas')
        .select(['id', 'versao'])
        .where('conexao', '=', 'online')
        .execute();
      const now = attended();
      regras.carenciaAte = now + heartbeatIntervalMs;
      inicioEm = now;
      for (const { id, versao } of rows) {
        const ouvidaEm = Math.min(series.lastSeen(id) ?? now, now);
        known.set(id, { ouvidaEm, saida: null, online: true, versao, sessao: null });
      }
      timer = setInterval(sweep, lookEveryMs);
    },

    async stop(): Promise<void> {
      if (timer) clearInterval(timer);
      await conexoes.settled();
    },

    /**
     * Stores the heartbeats of a machine; resolves once they are on the disk.
     * @param body the parsed JSON of one heartbeat or a list.
     * @throws Problem VALIDACAO, HEARTBEAT_NO_FUTURO, HEARTBEAT_ANTIGO
     */
    async heartbeat(maquinaId: string, body: unknown): Promise<number> {
      const now = clock.now();
      const em = attended();
      const message = readHeartbeats(body, now);
      receiving.set(maquinaId, (receiving.get(maquinaId) ?? 0) + 1);
      try {
        await series.append(maquinaId, message.points, now);
        await heard(maquinaId, em, { versao: message.versao });
      } finally {
        const others = (receiving.get(maquinaId) ?? 1) - 1;
        if (others > 0) receiving.set(maquinaId, others);
        else receiving.delete(maquinaId);
      }
      await seat(maquinaId);
      return message.points.length;
    },

    /**
     * What the machine says of its connection: a birth, a goodbye, or its will.
     * @param testamento whether the broker says it for a machine whose connection broke.
     * @returns false for the will of a session that another has replaced: it should go no further.
     */
    async conexao(
      maquinaId: string,
      { conectada, sessao, testamento }: { conectada: boolean; sessao: string | null; testamento: boolean },
    ): Promise<boolean> {
      if (conectada) {
        await heard(maquinaId, attended(), { sessao });
        return true;
      }
      const before = known.get(maquinaId);
      if (isLateFarewell(before?.sessao ?? null, sessao)) return !testamento;
      // What a server that died left behind says nothing of a machine that this one has heard.
      if (testamento && before && before.sessao === null && before.ouvidaEm >= inicioEm) return true;
      left(maquinaId, testamento ? 'conexao_perdida' : 'desconectou');
      return true;
    },

    /** The last connection of the machine has ended. @param despedida whether it said so with DISCONNECT. */
    disconnected(maquinaId: string, despedida: boolean): void {
      left(maquinaId, despedida ? 'desconectou' : 'conexao_perdida');
    },

    /** The machine has a connection again. */
    connected(maquinaId: string): void {
      const before = known.get(maquinaId);
      if (before?.saida) known.set(maquinaId, { ...before, saida: null });
    },

    /** While something keeps the server from hearing machines, such as a backup, no time passes for them. */
    pausar(): void {
      look();
      pausas += 1;
    },

    retomar(): void {
      look();
      pausas -= 1;
    },

    sweep,

    /** The job: looks once more, and gives up who has been silent for thirty days. @returns what there is, in words. */
    async verificar({ signal }: { signal?: AbortSignal } = {}): Promise<string> {
      sweep();
      await conexoes.settled();
      const perdidas = await conexoes.darPorPerdidas(clock.now(), signal);
      const { online, offline } = await this.counts();
      return `${online} online, ${offline} offline, ${perdidas} dada(s) por perdida(s)`;
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

    /** For `/metrics`: the machines known, those there, those being heard, and the time lost to stalls and pauses. */
    stats() {
      let online = 0;
      for (const presenca of known.values()) if (presenca.online) online += 1;
      return { conhecidas: known.size, online, recebendo: receiving.size, perdidoMs: atencao.perdidoMs };
    },

    /** When the machine was last heard, and what it said. */
    heard(maquinaId: string): Heard | null {
      return series.heard(maquinaId);
    },

    /** Forgets a machine that was removed. */
    forget(maquinaId: string): void {
      known.delete(maquinaId);
    },
  };
}
