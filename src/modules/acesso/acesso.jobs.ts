/** What access has to do by schedule. */

import { systemActor } from '../../core/actor';
import { minuteMs } from '../../core/clock';
import type { Counters } from '../../core/counters';
import type { Job, JobContext } from '../../core/job';
import type { Db, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { deleteRedefinicoes, deleteSessoes, deleteTokens } from './limpeza.store';
import { trustedMs } from './tentativas';

/** A little at a time, so that no request waits for it. */
const batchMax = 500;

/** Removes sessions, tokens, codes and counters that are over. */
export function limparAcesso(work: UnitOfWork, counters: Counters): Job {
  async function all({ signal }: JobContext, remove: (db: Db) => Promise<number>): Promise<number> {
    let total = 0;
    while (!signal.aborted) {
      const removed = await work.write(systemActor('limpar_acesso'), (tx) => remove(tx.db));
      total += removed;
      if (removed < batchMax) break;
    }
    return total;
  }

  return {
    nome: 'limpar_acesso',
    descricao: 'Apaga sessões, tokens e códigos que acabaram.',
    agenda: '20 4 * * *',
    limiteMs: 30 * minuteMs,
    run: async (context) => {
      const { now } = context;
      const tokens = await all(context, (db) => deleteTokens(db, now, batchMax));
      // As long as a network is trusted for an account, the session that says so is kept.
      const sessoes = await all(context, (db) => deleteSessoes(db, now - trustedMs, batchMax));
      const codigos = await all(context, (db) => deleteRedefinicoes(db, now, batchMax));
      const contadores = await counters.sweep(now);
      return `${tokens} tokens, ${sessoes} sessões, ${codigos} códigos, ${contadores} contadores`;
    },
  };
}
