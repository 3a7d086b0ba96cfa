/** What can be done with webhooks. The secret is told when it is made, and never again. */

import { type Actor, authorize } from '../../core/actor';
import { hourMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import { TemplateError } from '../../core/template';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { newSecret } from './assinatura.model';
import { checkModelo } from './corpo.view';
import { deleteEntregas } from './entregas.store';
import {
  checkWebhook,
  maskHeaders,
  mergeHeaders,
  type Webhook,
  type WebhookFields,
  webhooksMax,
} from './webhooks.model';
import type { WebhooksStore } from './webhooks.store';

const deletedPerTransaction = 500;

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  store: WebhooksStore;
  /** Judges an address. @throws Problem DESTINO_RECUSADO */
  checkUrl(url: string): Promise<void>;
  /** Is told of a webhook that is about to be there, or to change, before the commit, and of the commit itself. */
  watcher: { expect(webhook: Webhook): void; reload(): Promise<void> };
  onError(error: unknown): void;
}

export type Webhooks = ReturnType<typeof createWebhooks>;

export function createWebhooks({ work, ids, store, checkUrl, watcher, onError }: Dependencies) {
  async function check(fields: WebhookFields, before: Webhook | null): Promise<void> {
    checkWebhook(fields);
    if (fields.modelo !== null && fields.modelo !== before?.modelo) {
      try {
        checkModelo(fields.modelo);
      } catch (error) {
        if (error instanceof TemplateError) throw invalidField('modelo', error.message);
        throw error;
      }
    }
    if (fields.url !== before?.url) await checkUrl(fields.url);
  }

  async function save(tx: Tx, acao: string, antes: Webhook | null, depois: Webhook): Promise<void> {
    watcher.expect(depois);
    if (antes) await store.update(tx.db, depois);
    else await store.insert(tx.db, depois);
    await tx.record({
      acao,
      entidade: 'webhook',
      entidadeId: depois.id,
      antes: antes && audited(antes),
      depois: audited(depois),
      eventos: [],
    });
  }

  async function removeEntregas(webhookId: string, actor: Actor): Promise<void> {
    const all = { seqMax: Number.MAX_SAFE_INTEGER, waitingToo: true };
    const step = () => work.write(actor, (tx) => deleteEntregas(tx.db, webhookId, all, deletedPerTransaction));
    while ((await step()) > 0) {
      // A little at a time, so that no request waits for it.
    }
  }

  return {
    /** @throws Problem VALIDACAO, DESTINO_RECUSADO, CONFLITO when there are as many as there may be. */
    async criar(actor: Actor, fields: WebhookFields): Promise<Webhook> {
      authorize(actor, 'webhooks:criar');
      await check(fields, null);
      const webhook = await work.write(actor, async (tx) => {
        if ((await store.count(tx.db)) >= webhooksMax) {
          throw new Problem('CONFLITO', { detalhe: `São no máximo ${webhooksMax} webhooks.` });
        }
        const created: Webhook = {
          ...fields,
          id: ids.next(tx.now),
          segredo: newSecret(),
          segredo_anterior: null,
          segredo_anterior_ate: null,
          motivo_desativacao: fields.ativo ? null : 'criado inativo',
          falhando_desde: null,
          criado_em: tx.now,
          atualizado_em: tx.now,
          rev: 1,
        };
        await save(tx, 'criar', null, created);
        return created;
      });
      await watcher.reload();
      return webhook;
    },

    async listar(actor: Actor, page: PageRequest): Promise<Page<Webhook>> {
      authorize(actor, 'webhooks:ler');
      return store.list(work.reader, page);
    },

    async obter(actor: Actor, id: string): Promise<Webhook> {
      authorize(actor, 'webhooks:ler');
      return store.get(work.reader, id);
    },

    /** Activating one that was disabled lets its waiting deliveries go on. */
    async atualizar(actor: Actor, id: string, edit: Partial<WebhookFields>, esperada: number | null): Promise<Webhook> {
      authorize(actor, 'webhooks:editar');
      const before = await store.get(work.reader, id);
      const merged = (antes: Webhook): Webhook => ({
        ...antes,
        ...edit,
        cabecalhos: edit.cabecalhos ? mergeHeaders(antes.cabecalhos, edit.cabecalhos) : antes.cabecalhos,
      });
      await check(merged(before), before);
      const webhook = await work.write(actor, async (tx) => {
        const antes = await store.get(tx.db, id);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const depois = { ...merged(antes), atualizado_em: tx.now, rev: antes.rev + 1 };
        const restarted = depois.ativo && (!antes.ativo || depois.url !== antes.url);
        if (restarted) depois.falhando_desde = null;
        if (depois.ativo) depois.motivo_desativacao = null;
        else if (antes.ativo) depois.motivo_desativacao = 'desativado à mão';
        await save(tx, 'editar', antes, depois);
        return depois;
      });
      await watcher.reload();
      return webhook;
    },

    /** A new secret; the old one signs beside it for so many hours. */
    async rotacionarSegredo(actor: Actor, id: string, horas: number): Promise<Webhook> {
      authorize(actor, 'webhooks:editar');
      const webhook = await work.write(actor, async (tx) => {
        const antes = await store.get(tx.db, id);
        const depois: Webhook = {
          ...antes,
          segredo: newSecret(),
          segredo_anterior: antes.segredo,
          segredo_anterior_ate: tx.now + horas * hourMs,
          atualizado_em: tx.now,
          rev: antes.rev + 1,
        };
        await save(tx, 'rotacionar_segredo', antes, depois);
        return depois;
      });
      await watcher.reload();
      return webhook;
    },

    /** Its deliveries go with it, in the background. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'webhooks:excluir');
      await work.write(actor, async (tx) => {
        const antes = await store.get(tx.db, id);
        await store.remove(tx.db, id);
        await tx.record({
          acao: 'excluir',
          entidade: 'webhook',
          entidadeId: id,
          antes: audited(antes),
          depois: null,
          eventos: [],
        });
      });
      await watcher.reload();
      removeEntregas(id, actor).catch(onError);
    },
  };
}

/** What the audit keeps. */
function audited(webhook: Webhook): object {
  return { ...webhook, cabecalhos: maskHeaders(webhook.cabecalhos) };
}
