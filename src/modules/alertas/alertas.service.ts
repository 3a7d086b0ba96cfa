/** What people do with alerts. */

import { type Actor, authorize } from '../../core/actor';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { type Abertura, alertaChange } from './abertura.service';
import type { Alerta, Membro } from './alertas.model';
import { type AlertaFilter, getAlerta, listAlertas, membrosOf, updateAlerta } from './alertas.store';
import type { Medidas } from './medidas.service';

interface Dependencies {
  work: UnitOfWork;
  abertura: Abertura;
  medidas: Pick<Medidas, 'forget'>;
}

export type Alertas = ReturnType<typeof createAlertas>;

export function createAlertas({ work, abertura, medidas }: Dependencies) {
  return {
    async listar(actor: Actor, page: PageRequest, filter: AlertaFilter): Promise<Page<Alerta>> {
      authorize(actor, 'alertas:ler');
      return listAlertas(work.reader, page, filter);
    },

    /** With the first of those it is about now. */
    async obter(actor: Actor, id: string): Promise<{ alerta: Alerta; membros: Membro[] }> {
      authorize(actor, 'alertas:ler');
      const alerta = await getAlerta(work.reader, id);
      const { primeiros } = await membrosOf(work.reader, id);
      return { alerta, membros: primeiros };
    },

    /** Somebody looks after it. Asked twice, it is done once. @throws Problem TRANSICAO_INVALIDA when it is resolved. */
    async reconhecer(actor: Actor, id: string): Promise<Alerta> {
      authorize(actor, 'alertas:editar');
      return work.write(actor, async (tx) => {
        const antes = await getAlerta(tx.db, id);
        if (antes.status === 'resolvido') throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'O alerta já terminou.' });
        if (antes.status === 'reconhecido') return antes;
        const depois: Alerta = { ...antes, status: 'reconhecido', reconhecido_em: tx.now, rev: antes.rev + 1 };
        await updateAlerta(tx.db, depois);
        await tx.record(alertaChange('reconhecer', depois, null, []));
        return depois;
      });
    },

    /** Closes it by hand; a metric that is still beyond its threshold begins to count anew. */
    async resolver(actor: Actor, id: string): Promise<Alerta> {
      authorize(actor, 'alertas:editar');
      const { alerta, membros } = await work.write(actor, async (tx) => {
        const antes = await getAlerta(tx.db, id);
        const { primeiros } = await membrosOf(tx.db, id);
        if (antes.status === 'resolvido') return { alerta: antes, membros: primeiros };
        return { alerta: await abertura.resolver(tx, antes, ['webhook', 'ui']), membros: primeiros };
      });
      for (const { entidade_id } of membros) medidas.forget(entidade_id);
      return alerta;
    },
  };
}
