/** Tells of licences about to end: 30, 7 and 1 days ahead, each once for each end. A renewal arms them anew. */

import { systemActor } from '../../core/actor';
import { type Clock, dayMs, rfc3339OrNull } from '../../core/clock';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { licencaEventData } from './licencas.service';
import { licencasEndingBetween } from './licencas.store';
import type { LicenceFacts } from './validacao.model';

/** Days ahead, the nearest first. */
const noticeDays = [1, 7, 30] as const;
const perTransaction = 200;

export function createVencimento({ work, clock }: { work: UnitOfWork; clock: Clock }) {
  const actor = systemActor('vencimento');

  /** Tells the nearest notice that is due; those further ahead are passed over with it. @returns whether it was told now. */
  async function notify(tx: Tx, facts: LicenceFacts): Promise<boolean> {
    const { id, expira_em, cobranca_desde, renovacao_automatica } = facts.licenca;
    if (expira_em === null || (cobranca_desde !== null && renovacao_automatica)) return false;
    const due = noticeDays.filter((dias) => expira_em <= tx.now + dias * dayMs);
    const [nearest] = due;
    if (nearest === undefined) return false;
    const inserted = await tx.db
      .insertInto('avisos_vencimento')
      .values(due.map((dias) => ({ licenca_id: id, expira_em, dias })))
      .onConflict((conflict) => conflict.doNothing())
      .returning('dias')
      .execute();
    if (!inserted.some(({ dias }) => dias === nearest)) return false;
    const dados = { ...licencaEventData(facts), dias: nearest, expira_em: rfc3339OrNull(expira_em) };
    await tx.record({
      acao: 'avisar_vencimento',
      entidade: 'licenca',
      entidadeId: id,
      antes: null,
      depois: { dias: nearest, expira_em },
      eventos: [{ tipo: 'licenca.expirando', entidade: 'licenca', entidadeId: id, dados }],
    });
    return true;
  }

  return {
    /**
     * Asked any number of times, or killed in the middle and asked again, each notice is told once.
     * @returns how many were told now.
     */
    async avisar(): Promise<number> {
      const now = clock.now();
      const horizon = now + Math.max(...noticeDays) * dayMs;
      let last = '';
      let told = 0;
      while (true) {
        const batch = await licencasEndingBetween(work.reader, now, horizon, last, perTransaction);
        if (batch.length === 0) return told;
        told += await work.write(actor, async (tx) => {
          let inBatch = 0;
          for (const facts of batch) if (await notify(tx, facts)) inBatch += 1;
          return inBatch;
        });
        last = batch.at(-1)?.licenca.id ?? last;
      }
    },
  };
}
