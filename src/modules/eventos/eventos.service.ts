/** What can be asked of events that have happened, and of deliveries inside the server that failed for good. */

import { type Actor, authorize } from '../../core/actor';
import type { EventEnvelope } from '../../core/events';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import { type ConsumerLag, reviveDelivery } from '../../storage/sqlite/outbox';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { audibleTypes, patternsFault, typesOf } from './eventos.model';
import { type EventoFilter, listEventos, listMortas, type Morta } from './eventos.store';

interface Dependencies {
  work: UnitOfWork;
  /** The dispatcher, once it is there. */
  relay: { ring(): void; stats(): Promise<ConsumerLag[]> };
}

export type Eventos = ReturnType<typeof createEventos>;

export function createEventos({ work, relay }: Dependencies) {
  return {
    /**
     * The events the caller may hear of.
     * @param padrao a name, a family like `licenca.*` or `*`. @throws Problem VALIDACAO
     */
    async listar(
      actor: Actor,
      page: PageRequest,
      padrao: string,
      filter: EventoFilter,
    ): Promise<Page<EventEnvelope & { entidade: string; entidade_id: string }>> {
      authorize(actor, 'eventos:ler');
      const fault = patternsFault([padrao]);
      if (fault) throw invalidField('tipo', fault);
      const meant = typesOf([padrao]);
      const audible = audibleTypes(actor).filter((tipo) => meant.has(tipo));
      return listEventos(work.reader, page, audible, filter);
    },

    /** How far behind each consumer of events is. */
    async consumidores(actor: Actor): Promise<ConsumerLag[]> {
      authorize(actor, 'eventos:ler');
      return relay.stats();
    },

    /** Deliveries inside the server that were given up. */
    async listarMortas(actor: Actor, page: PageRequest): Promise<Page<Morta>> {
      authorize(actor, 'eventos:ler');
      return listMortas(work.reader, page);
    },

    /** Has a dead letter delivered again. @throws Problem NAO_ENCONTRADO */
    async reenviar(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'eventos:executar');
      await work.write(actor, async (tx) => {
        if (!(await reviveDelivery(tx.db, id, tx.now))) {
          throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há entrega morta com este id.' });
        }
        await tx.record({
          acao: 'reenviar',
          entidade: 'evento',
          entidadeId: id,
          antes: null,
          depois: null,
          eventos: [],
        });
      });
      relay.ring();
    },
  };
}
