/** Customers in the database. Every row passes one mapper. */

import type { Selectable } from 'kysely';
import type { Metadados } from '../../core/metadados';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ClienteTable } from '../../storage/sqlite/schema';
import { clientesContaining } from '../../storage/sqlite/search';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { type Cliente, type ClienteStatus, type ClienteTipo, clienteBusca } from './clientes.model';

export const clienteSortable = ['criado_em', 'atualizado_em', 'nome', 'email'] as const;

export interface ClienteFilter {
  status?: ClienteStatus | undefined;
  tipo?: ClienteTipo | undefined;
  email?: string | undefined;
  documento?: string | undefined;
}

export async function findCliente(db: Db, id: string): Promise<Cliente | null> {
  const row = await db.selectFrom('clientes').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toCliente(row) : null;
}

export async function findClienteByEmail(db: Db, email: string): Promise<Cliente | null> {
  const row = await db
    .selectFrom('clientes')
    .selectAll()
    .where('email', '=', email.trim().toLowerCase())
    .executeTakeFirst();
  return row ? toCliente(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getCliente(db: Db, id: string): Promise<Cliente> {
  const cliente = await findCliente(db, id);
  if (!cliente) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há cliente com este id.' });
  return cliente;
}

export async function insertCliente(db: Db, cliente: Cliente): Promise<void> {
  await refuseDuplicate(db, cliente);
  await db.insertInto('clientes').values(toRow(cliente)).execute();
}

/** Saves over the revision before. @throws Problem EMAIL_DUPLICADO, DOCUMENTO_DUPLICADO, VERSAO_DESATUALIZADA */
export async function updateCliente(db: Db, cliente: Cliente): Promise<void> {
  await refuseDuplicate(db, cliente);
  const { id, ...row } = toRow(cliente);
  const result = await db
    .updateTable('clientes')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', cliente.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

export async function listClientes(db: Db, page: PageRequest, filter: ClienteFilter): Promise<Page<Cliente>> {
  let query = db.selectFrom('clientes').selectAll();
  if (filter.status) query = query.where('status', '=', filter.status);
  if (filter.tipo) query = query.where('tipo', '=', filter.tipo);
  if (filter.email) query = query.where('email', '=', filter.email.trim().toLowerCase());
  if (filter.documento) query = query.where('documento', '=', filter.documento.replace(/[.\-/\s]/g, '').toUpperCase());
  if (page.busca) query = query.where(clientesContaining(page.busca));
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em', atualizado_em: 'atualizado_em', nome: 'nome', email: 'email' },
    idColumn: 'id',
    sortValue: (row) => {
      const campo = clienteSortable.find((name) => name === page.ordem.campo) ?? 'criado_em';
      return row[campo];
    },
    id: (row) => row.id,
    map: toCliente,
  });
}

/** @throws Problem EMAIL_DUPLICADO, DOCUMENTO_DUPLICADO when another customer has the same. */
export async function refuseDuplicate(db: Db, cliente: Cliente): Promise<void> {
  const sameEmail = await db.selectFrom('clientes').select('id').where('email', '=', cliente.email).executeTakeFirst();
  if (sameEmail && sameEmail.id !== cliente.id) throw new Problem('EMAIL_DUPLICADO');
  if (cliente.documento === null) return;
  const sameDocumento = await db
    .selectFrom('clientes')
    .select('id')
    .where('documento', '=', cliente.documento)
    .executeTakeFirst();
  if (sameDocumento && sameDocumento.id !== cliente.id) throw new Problem('DOCUMENTO_DUPLICADO');
}

function toCliente(row: Selectable<ClienteTable>): Cliente {
  const { busca: _, ...rest } = row;
  return {
    ...rest,
    tipo: row.tipo as ClienteTipo,
    status: row.status as ClienteStatus,
    metadados: JSON.parse(row.metadados) as Metadados,
  };
}

function toRow(cliente: Cliente): Selectable<ClienteTable> {
  return { ...cliente, metadados: JSON.stringify(cliente.metadados), busca: clienteBusca(cliente) };
}
