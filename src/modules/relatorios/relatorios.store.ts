/** Reports in the database, and the figures of a period that only the history knows. */

import { type Selectable, sql } from 'kysely';
import { rfc3339 } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { RelatorioTable } from '../../storage/sqlite/schema-operation';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { monthlyCentavos } from '../planos/planos.store';
import type { Relatorio, RelatorioDados, RelatorioTipo } from './relatorios.model';

export const relatorioSortable = ['criado_em'] as const;
/** Reports kept of each kind: years of the daily one. */
const keptMax = 1_500;
const shownMax = 50;
const versoesMax = 20;

export interface Periodo {
  inicio: number;
  fim: number;
}

export async function insertRelatorio(db: Db, relatorio: Relatorio): Promise<void> {
  await db
    .insertInto('relatorios')
    .values({ ...relatorio, dados: JSON.stringify(relatorio.dados) })
    .execute();
  const oldest = await db
    .selectFrom('relatorios')
    .select('criado_em')
    .where('tipo', '=', relatorio.tipo)
    .orderBy('criado_em', 'desc')
    .offset(keptMax)
    .limit(1)
    .executeTakeFirst();
  if (!oldest) return;
  await db
    .deleteFrom('relatorios')
    .where('tipo', '=', relatorio.tipo)
    .where('criado_em', '<=', oldest.criado_em)
    .execute();
}

/** @throws Problem NAO_ENCONTRADO */
export async function getRelatorio(db: Db, id: string): Promise<Relatorio> {
  const row = await db.selectFrom('relatorios').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há relatório com este id.' });
  return toRelatorio(row);
}

export async function listRelatorios(
  db: Db,
  page: PageRequest,
  tipo: RelatorioTipo | undefined,
): Promise<Page<Relatorio>> {
  let query = db.selectFrom('relatorios').selectAll();
  if (tipo) query = query.where('tipo', '=', tipo);
  return keysetPage(query, {
    page,
    columns: { criado_em: 'criado_em' },
    idColumn: 'id',
    sortValue: (row) => row.criado_em,
    id: (row) => row.id,
    map: toRelatorio,
  });
}

export async function newClientes(
  db: Db,
  { inicio, fim }: Periodo,
): Promise<{ total: number; primeiros: RelatorioDados['clientes_novos'] }> {
  const within = db.selectFrom('clientes').where('criado_em', '>=', inicio).where('criado_em', '<', fim);
  const rows = await within.select(['id', 'nome', 'criado_em']).orderBy('criado_em').limit(shownMax).execute();
  return {
    total: Number((await within.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow()).total),
    primeiros: rows.map(({ id, nome, criado_em }) => ({ id, nome, em: rfc3339(criado_em) })),
  };
}

/** Those who were cancelled in the period and still are. */
export async function lostClientes(
  db: Db,
  { inicio, fim }: Periodo,
): Promise<{ total: number; primeiros: RelatorioDados['clientes_perdidos'] }> {
  const rows = await db
    .selectFrom('auditoria')
    .innerJoin('clientes', 'clientes.id', 'auditoria.entidade_id')
    .select(['clientes.id', 'clientes.nome', sql<number>`max(auditoria.em)`.as('em')])
    .where('auditoria.acao', '=', 'cancelar')
    .where('auditoria.entidade', '=', 'cliente')
    .where('auditoria.em', '>=', inicio)
    .where('auditoria.em', '<', fim)
    .where('clientes.status', '=', 'cancelado')
    .groupBy('clientes.id')
    .orderBy('em')
    .execute();
  return {
    total: rows.length,
    primeiros: rows.slice(0, shownMax).map(({ id, nome, em }) => ({ id, nome, em: rfc3339(em) })),
  };
}

export async function expiringLicencas(
  db: Db,
  fromMs: number,
  toMs: number,
): Promise<RelatorioDados['licencas_expirando']> {
  const rows = await db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .select(['licencas.id', 'licencas.chave_prefixo', 'clientes.nome', 'licencas.expira_em'])
    .where('licencas.expira_em', '>', fromMs)
    .where('licencas.expira_em', '<=', toMs)
    .where('licencas.situacao', '=', 'ativa')
    .where('clientes.status', '=', 'ativo')
    .orderBy('licencas.expira_em')
    .limit(shownMax)
    .execute();
  return rows.map(({ id, chave_prefixo, nome, expira_em }) => ({
    id,
    chave_prefixo,
    cliente: nome,
    expira_em: rfc3339(expira_em ?? toMs),
  }));
}

export async function receivedIn(db: Db, { inicio, fim }: Periodo): Promise<number> {
  const { total } = await db
    .selectFrom('faturas')
    .select(sql<number>`coalesce(sum(valor_centavos), 0)`.as('total'))
    .where('status', '=', 'paga')
    .where('paga_em', '>=', inicio)
    .where('paga_em', '<', fim)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** What the subscriptions brought in a month that were cancelled or ended in the period, centavos. */
export async function churnedIn(db: Db, { inicio, fim }: Periodo): Promise<number> {
  const ended = db
    .selectFrom('auditoria')
    .select('entidade_id')
    .where('acao', 'in', ['cancelar', 'expirar'])
    .where('entidade', '=', 'licenca')
    .where('em', '>=', inicio)
    .where('em', '<', fim);
  const { total } = await db
    .selectFrom('licencas')
    .innerJoin('planos', 'planos.id', 'licencas.plano_id')
    .select(sql<number>`coalesce(sum(${monthlyCentavos}), 0)`.as('total'))
    .where('licencas.id', 'in', ended)
    .where('licencas.tipo', '=', 'assinatura')
    .where((eb) => eb.or([eb('licencas.situacao', '=', 'cancelada'), eb('licencas.expira_em', '<', fim)]))
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** How often something was done to a kind of record in the period. */
export async function actionsIn(db: Db, { inicio, fim }: Periodo, acao: string, entidade: string): Promise<number> {
  const { total } = await db
    .selectFrom('auditoria')
    .select(sql<number>`count(*)`.as('total'))
    .where('acao', '=', acao)
    .where('entidade', '=', entidade)
    .where('em', '>=', inicio)
    .where('em', '<', fim)
    .executeTakeFirstOrThrow();
  return Number(total);
}

/** Events of a type in the period, as far back as events are kept. */
export async function eventsIn(db: Db, { inicio, fim }: Periodo, tipo: string): Promise<number> {
  const { total } = await db
    .selectFrom('outbox')
    .select(sql<number>`count(*)`.as('total'))
    .where('tipo', '=', tipo)
    .where('em', '>=', inicio)
    .where('em', '<', fim)
    .executeTakeFirstOrThrow();
  return Number(total);
}

export async function versoesEmCampo(db: Db): Promise<RelatorioDados['versoes']> {
  const rows = await db
    .selectFrom('maquinas')
    .select(['versao', sql<number>`count(*)`.as('maquinas')])
    .where('versao', 'is not', null)
    .where('ativa', '=', 1)
    .groupBy('versao')
    .orderBy('maquinas', 'desc')
    .limit(versoesMax)
    .execute();
  return rows.map(({ versao, maquinas }) => ({ versao: versao ?? '', maquinas: Number(maquinas) }));
}

export async function riskiest(db: Db): Promise<RelatorioDados['risco_clientes']> {
  return db
    .selectFrom('churn')
    .innerJoin('clientes', 'clientes.id', 'churn.cliente_id')
    .select(['clientes.id', 'clientes.nome', 'churn.probabilidade', 'churn.classe'])
    .where('churn.classe', 'in', ['alto', 'critico'])
    .orderBy('churn.probabilidade', 'desc')
    .limit(shownMax)
    .execute();
}

function toRelatorio(row: Selectable<RelatorioTable>): Relatorio {
  return { ...row, tipo: row.tipo as RelatorioTipo, dados: JSON.parse(row.dados) as RelatorioDados };
}
