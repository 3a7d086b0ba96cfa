/** What can be done with deliveries: look at them, try a webhook out, have them made again. */

import { type Actor, authorize } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { toEvent } from '../../storage/sqlite/outbox';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  type Entrega,
  entregasOfEvents,
  getEntrega,
  insertEntrega,
  listEntregas,
  queueEntregas,
  requeueEntregas,
} from './entregas.store';
import type { Tentar } from './tentativa.service';
import { type EntregaStatus, selectorOf, type Webhook } from './webhooks.model';
import type { WebhooksStore } from './webhooks.store';

const eventsPerTransaction = 500;
const eventsPerReplayMax = 50_000;

/** What a replay did; where it stopped short, another from `continuar_de` goes on. */
export interface Replay {
  reenviadas: number;
  continuar_de: number | null;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  store: WebhooksStore;
  tentar: Tentar;
  /** Has what is due looked at now. */
  ring(): void;
}

export type Entregas = ReturnType<typeof createEntregas>;

export function createEntregas({ work, clock, ids, store, tentar, ring }: Dependencies) {
  /** One batch of a replay. @returns how many were queued, and the last event looked at. */
  async function replayBatch(
    tx: Tx,
    webhook: Webhook,
    range: { afterSeq: number; de: number; ate: number },
    onlyFailed: boolean,
  ): Promise<{ queued: number; last: { seq: number; em: number } | null }> {
    const rows = await tx.db
      .selectFrom('outbox')
      .selectAll()
      .where('seq', '>', range.afterSeq)
      .where('em', '>=', range.de)
      .where('em', '<', range.ate)
      .orderBy('seq')
      .limit(eventsPerTransaction)
      .execute();
    const end = rows.at(-1);
    if (!end) return { queued: 0, last: null };
    const wants = selectorOf(webhook);
    const events = rows.map(toEvent).filter(wants);
    const known = await entregasOfEvents(
      tx.db,
      webhook.id,
      events.map(({ seq }) => seq),
    );
    const again = known.filter(({ status }) => !onlyFailed || status === 'morta').map(({ id }) => id);
    const had = new Set(known.map(({ seq }) => seq));
    const novas = onlyFailed ? [] : events.filter(({ seq }) => !had.has(seq));
    const requeued = await requeueEntregas(tx.db, again, tx.now);
    if (novas.length > 0) {
      const entregas = novas.map(({ seq, id, tipo, entidadeId }) => ({
        id: ids.next(tx.now),
        webhook_id: webhook.id,
        seq,
        evento_id: id,
        tipo,
        entidade_id: entidadeId,
      }));
      await queueEntregas(tx.db, entregas, tx.now);
    }
    return { queued: requeued + novas.length, last: { seq: end.seq, em: end.em } };
  }

  return {
    async listar(
      actor: Actor,
      page: PageRequest,
      webhookId: string,
      status: EntregaStatus | undefined,
    ): Promise<Page<Entrega>> {
      authorize(actor, 'webhooks:ler');
      await store.get(work.reader, webhookId);
      return listEntregas(work.reader, page, webhookId, status);
    },

    /** Sends a made-up event now, whether the webhook is active or not. @returns the delivery, with the answer. */
    async testar(actor: Actor, webhookId: string): Promise<Entrega> {
      authorize(actor, 'webhooks:executar');
      const webhook = await store.get(work.reader, webhookId);
      const now = clock.now();
      const evento = {
        id: ids.next(now),
        tipo: 'webhook.teste',
        em: rfc3339(now),
        dados: JSON.stringify({ webhook_id: webhookId, mensagem: 'Teste do narcidicontrol' }),
        request_id: actor.requestId,
      };
      const tentativa = await tentar(webhook, { evento_id: evento.id, evento, requisicao: null });
      const entrega: Entrega = {
        id: ids.next(now),
        webhook_id: webhookId,
        seq: 0,
        evento_id: evento.id,
        tipo: evento.tipo,
        entidade_id: webhookId,
        status: tentativa.erro === null ? 'entregue' : 'morta',
        tentativas: 1,
        proxima_em: null,
        criada_em: now,
        tentada_em: now,
        duracao_ms: Math.round(tentativa.duracaoMs),
        requisicao: tentativa.requisicao,
        resposta_status: tentativa.status,
        resposta_corpo: tentativa.resposta,
        erro: tentativa.erro,
      };
      await work.write(actor, async (tx) => {
        await insertEntrega(tx.db, entrega);
        await record(tx, 'testar', webhookId, { entrega_id: entrega.id, status: entrega.resposta_status });
      });
      return entrega;
    },

    /** Has a delivery made again, under the same webhook-id. @throws Problem NAO_ENCONTRADO, CONFLITO while inactive. */
    async reenviar(actor: Actor, id: string): Promise<Entrega> {
      authorize(actor, 'webhooks:executar');
      const entrega = await work.write(actor, async (tx) => {
        const { webhook_id } = await getEntrega(tx.db, id);
        await activeWebhook(tx, webhook_id);
        await requeueEntregas(tx.db, [id], tx.now);
        await record(tx, 'reenviar', webhook_id, { entrega_id: id });
        return getEntrega(tx.db, id);
      });
      ring();
      return entrega;
    },

    /**
     * Has every event of a time range that the webhook wants delivered again, also those from before there was a webhook.
     * @throws Problem NAO_ENCONTRADO, CONFLITO while inactive.
     */
    async reenviarPeriodo(
      actor: Actor,
      webhookId: string,
      range: { de: number; ate: number; apenasFalhas: boolean },
    ): Promise<Replay> {
      authorize(actor, 'webhooks:executar');
      const replay: Replay = { reenviadas: 0, continuar_de: null };
      let afterSeq = 0;
      for (let seen = 0; seen < eventsPerReplayMax; seen += eventsPerTransaction) {
        const { queued, last } = await work.write(actor, async (tx) => {
          const webhook = await activeWebhook(tx, webhookId);
          const batch = await replayBatch(tx, webhook, { ...range, afterSeq }, range.apenasFalhas);
          if (batch.queued > 0) await record(tx, 'reenviar_periodo', webhookId, { entregas: batch.queued });
          return batch;
        });
        replay.reenviadas += queued;
        replay.continuar_de = last?.em ?? null;
        ring();
        if (!last) break;
        afterSeq = last.seq;
      }
      return replay;
    },
  };

  async function activeWebhook(tx: Tx, webhookId: string): Promise<Webhook> {
    const webhook = await store.get(tx.db, webhookId);
    if (!webhook.ativo) throw new Problem('CONFLITO', { detalhe: 'O webhook está desativado.' });
    return webhook;
  }
}

function record(tx: Tx, acao: string, webhookId: string, depois: object): Promise<void> {
  return tx.record({ acao, entidade: 'webhook', entidadeId: webhookId, antes: null, depois, eventos: [] });
}
