/**
 * Takes the comings and goings of machines to the database: the row, the audit and the event. Many at a time share a
 * transaction, as when a network comes back; the newest word on a machine replaces one not yet written.
 */

import { systemActor } from '../../core/actor';
import { rfc3339OrNull } from '../../core/clock';
import type { EventType } from '../../core/events';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { noteRunning } from '../versoes/adocao.store';
import type { Conexao, Maquina } from './maquinas.model';
import { maquinaEventData } from './maquinas.service';
import { absentSince, buscaOf, findMaquina } from './maquinas.store';
import { lostAfterMs, type MotivoOffline } from './presenca.model';
import type { SeriesStore } from './series.store';

const movesPerTransaction = 100;

export interface Mudanca {
  para: 'online' | 'offline';
  motivo: MotivoOffline | null;
  /** The version it last told of. */
  versao: string | null;
  /** Asked again inside the transaction, so that a heartbeat wins over the sweep. */
  vale(): boolean;
  /** It could not be written: things are as they were. */
  falhou(): void;
}

interface Dependencies {
  work: UnitOfWork;
  series: Pick<SeriesStore, 'lastSeen'>;
  onError(error: unknown, maquinaId: string): void;
}

export function createConexoes({ work, series, onError }: Dependencies) {
  const actor = systemActor('presenca');
  const waiting = new Map<string, Mudanca & { done(): void }>();
  let flushing: Promise<void> | null = null;

  async function flush(): Promise<void> {
    // Whoever else is heard in this turn comes along.
    await Promise.resolve();
    while (waiting.size > 0) {
      const batch = [...waiting].slice(0, movesPerTransaction);
      for (const [maquinaId] of batch) waiting.delete(maquinaId);
      try {
        await work.write(actor, async (tx) => {
          for (const [maquinaId, mudanca] of batch) await move(tx, maquinaId, mudanca);
        });
      } catch (error) {
        for (const [maquinaId, { falhou }] of batch) {
          falhou();
          onError(error, maquinaId);
        }
      }
      for (const [, { done }] of batch) done();
      if (waiting.size > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    flushing = null;
  }

  async function move(tx: Tx, maquinaId: string, { para, motivo, versao, vale }: Mudanca): Promise<void> {
    const found = await findMaquina(tx.db, maquinaId);
    if (!found || !vale()) return;
    const antes = found.maquina;
    const depois = { ...antes, conexao: para, versao: versao ?? antes.versao };
    if (antes.conexao === para && antes.versao === depois.versao) return;
    const ausente_desde = para === 'offline' ? (series.lastSeen(maquinaId) ?? tx.now) : null;
    const { conexao, versao: versaoNova } = depois;
    await tx.db
      .updateTable('maquinas')
      .set({ conexao, versao: versaoNova, ausente_desde, busca: buscaOf(depois) })
      .where('id', '=', maquinaId)
      .execute();
    await noteRunning(tx.db, maquinaId, versaoNova, tx.now);
    if (antes.conexao === para) return;
    await record(tx, antes, para, para === 'online' ? 'maquina.online' : 'maquina.offline', {
      ...(motivo === null ? {} : { motivo }),
      ultimo_heartbeat_em: rfc3339OrNull(series.lastSeen(maquinaId)),
    });
  }

  async function record(tx: Tx, maquina: Maquina, conexao: Conexao, tipo: EventType, detalhe: object): Promise<void> {
    await tx.record({
      acao: conexao === 'online' ? 'conectar' : conexao === 'perdida' ? 'dar_por_perdida' : 'desconectar',
      entidade: 'maquina',
      entidadeId: maquina.id,
      antes: { conexao: maquina.conexao },
      depois: { conexao, ...detalhe },
      eventos: [
        {
          tipo,
          entidade: 'maquina',
          entidadeId: maquina.id,
          dados: { ...maquinaEventData(maquina), conexao, ...detalhe },
        },
      ],
    });
  }

  return {
    /** Moves a machine; resolves once it is written, or found to be no longer so. */
    mover(maquinaId: string, mudanca: Mudanca): Promise<void> {
      return new Promise((resolve) => {
        waiting.get(maquinaId)?.done();
        waiting.set(maquinaId, { ...mudanca, done: resolve });
        flushing ??= flush();
      });
    },

    /** Gives up machines that have been silent for thirty days. @returns how many. */
    async darPorPerdidas(now: number, signal?: AbortSignal): Promise<number> {
      let total = 0;
      while (!signal?.aborted) {
        const due = await absentSince(work.reader, now - lostAfterMs, movesPerTransaction);
        if (due.length === 0) break;
        total += await work.write(actor, async (tx) => {
          const still = await absentSince(tx.db, now - lostAfterMs, movesPerTransaction);
          for (const maquina of still) {
            await tx.db.updateTable('maquinas').set({ conexao: 'perdida' }).where('id', '=', maquina.id).execute();
            const detalhe = { ultimo_heartbeat_em: rfc3339OrNull(maquina.ausente_desde) };
            await record(tx, maquina, 'perdida', 'maquina.perdida', detalhe);
          }
          return still.length;
        });
        await new Promise((resolve) => setImmediate(resolve));
      }
      return total;
    },

    async settled(): Promise<void> {
      await flushing;
    },
  };
}
