/** Webhooks in the database. Secrets and headers are sealed. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { WebhookTable } from '../../storage/sqlite/schema-events';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Webhook } from './webhooks.model';

export const webhookSortable = ['criado_em', 'url'] as const;

export type WebhooksStore = ReturnType<typeof createWebhooksStore>;

export function createWebhooksStore(keyring: Pick<Keyring, 'seal' | 'open'>) {
  const purpose = { segredo: 'webhooks.segredo', cabecalhos: 'webhooks.cabecalhos' };

  function toWebhook(row: Selectable<WebhookTable>): Webhook {
    const { eventos, clientes, cabecalhos_selados, segredo_selado, segredo_anterior_selado, ativo, ...rest } = row;
    return {
      ...rest,
      eventos: JSON.parse(eventos) as string[],
      cliente_ids: JSON.parse(clientes) as string[],
      cabecalhos: JSON.parse(keyring.open(purpose.cabecalhos, cabecalhos_selados)) as Record<string, string>,
      segredo: keyring.open(purpose.segredo, segredo_selado),
      segredo_anterior:
        segredo_anterior_selado === null ? null : keyring.open(purpose.segredo, segredo_anterior_selado),
      ativo: ativo === 1,
    };
  }

  function toRow(webhook: Webhook): Selectable<WebhookTable> {
    const { eventos, cliente_ids, cabecalhos, segredo, segredo_anterior, ativo, ...rest } = webhook;
    return {
      ...rest,
      eventos: JSON.stringify(eventos),
      clientes: JSON.stringify(cliente_ids),
      cabecalhos_selados: keyring.seal(purpose.cabecalhos, JSON.stringify(cabecalhos)),
      segredo_selado: keyring.seal(purpose.segredo, segredo),
      segredo_anterior_selado: segredo_anterior === null ? null : keyring.seal(purpose.segredo, segredo_anterior),
      ativo: ativo ? 1 : 0,
    };
  }

  return {
    /** @throws Problem NAO_ENCONTRADO */
    async get(db: Db, id: string): Promise<Webhook> {
      const row = await db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst();
      if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há webhook com este id.' });
      return toWebhook(row);
    },

    /** Every active webhook. */
    async active(db: Db): Promise<Webhook[]> {
      const rows = await db.selectFrom('webhooks').selectAll().where('ativo', '=', 1).execute();
      return rows.map(toWebhook);
    },

    async count(db: Db): Promise<number> {
      const { n } = await db
        .selectFrom('webhooks')
        .select(({ fn }) => fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow();
      return Number(n);
    },

    async list(db: Db, page: PageRequest): Promise<Page<Webhook>> {
      return keysetPage(db.selectFrom('webhooks').selectAll(), {
        page,
        columns: { criado_em: 'criado_em', url: 'url' },
        idColumn: 'id',
        sortValue: (row) => row[webhookSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
        id: (row) => row.id,
        map: toWebhook,
      });
    },

    async insert(db: Db, webhook: Webhook): Promise<void> {
      await db.insertInto('webhooks').values(toRow(webhook)).execute();
    },

    /** @throws Problem VERSAO_DESATUALIZADA */
    async update(db: Db, webhook: Webhook): Promise<void> {
      const { id, ...row } = toRow(webhook);
      const result = await db
        .updateTable('webhooks')
        .set(row)
        .where('id', '=', id)
        .where('rev', '=', webhook.rev - 1)
        .executeTakeFirst();
      if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
    },

    /** Notes since when deliveries fail, without a new revision: nobody edited it. */
    async setFailing(db: Db, id: string, falhandoDesde: number | null): Promise<void> {
      await db.updateTable('webhooks').set({ falhando_desde: falhandoDesde }).where('id', '=', id).execute();
    },

    async remove(db: Db, id: string): Promise<void> {
      await db.deleteFrom('webhooks').where('id', '=', id).execute();
    },
  };
}
