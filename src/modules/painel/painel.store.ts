/** The figures of the front page, counted where they are. */

import { sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { licencaStatusSql } from '../licencas/vigencia.store';
import { monthlyCentavos } from '../planos/planos.store';
import { type LicencaEmUso, nearlyFullFrom } from './upgrade.model';

/** How many there are of each word. */
type Counts = Map<string, number>;

export async function countClientes(db: Db): Promise<Counts> {
  const rows = await db
    .selectFrom('clientes')
    .select(['status', sql<number>`count(*)`.as('total')])
    .groupBy('status')
    .execute();
  return new Map(rows.map(({ status, total }) => [status, total]));
}

export async function countLicencas(db: Db, now: number): Promise<Counts> {
  const rows = await db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .select([licencaStatusSql(now).as('status'), sql<number>`count(*)`.as('total')])
    .groupBy('status')
    .execute();
  return new Map(rows.map(({ status, total }) => [status, total]));
}

/** Active licences that end between two moments. */
export async function countExpiring(db: Db, fromMs: number, toMs: number): Promise<number> {
  const { total } = await db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .select(sql<number>`count(*)`.as('total'))
    .where('licencas.expira_em', '>', fromMs)
    .where('licencas.expira_em', '<=', toMs)
    .where('licencas.situacao', '=', 'ativa')
    .where('clientes.status', '=', 'ativo')
    .executeTakeFirstOrThrow();
  return total;
}

export interface Receita {
  /** What the active subscriptions bring in a month, centavos. */
  recorrente_mensal_centavos: number;
  a_receber_centavos: number;
  vencido_centavos: number;
  recebido_no_mes_centavos: number;
}

/** @param monthMs the first moment of the month. */
export async function sumReceita(db: Db, now: number, monthMs: number): Promise<Receita> {
  const recurring = await db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .innerJoin('planos', 'planos.id', 'licencas.plano_id')
    .select(sql<number>`coalesce(sum(${monthlyCentavos}), 0)`.as('total'))
    .where('licencas.tipo', '=', 'assinatura')
    .where(licencaStatusSql(now), '=', 'ativa')
    .executeTakeFirstOrThrow();
  const open = await db
    .selectFrom('faturas')
    .select(['status', sql<number>`sum(valor_centavos)`.as('total')])
    .where('status', 'in', ['pendente', 'vencida'])
    .groupBy('status')
    .execute();
  const received = await db
    .selectFrom('faturas')
    .select(sql<number>`coalesce(sum(valor_centavos), 0)`.as('total'))
    .where('status', '=', 'paga')
    .where('paga_em', '>=', monthMs)
    .executeTakeFirstOrThrow();
  const of = (status: string): number => open.find((row) => row.status === status)?.total ?? 0;
  return {
    recorrente_mensal_centavos: recurring.total,
    a_receber_centavos: of('pendente') + of('vencida'),
    vencido_centavos: of('vencida'),
    recebido_no_mes_centavos: received.total,
  };
}

export async function countAlertasAbertos(db: Db): Promise<Counts> {
  const rows = await db
    .selectFrom('alertas')
    .select(['severidade', sql<number>`count(*)`.as('total')])
    .where('status', '<>', 'resolvido')
    .groupBy('severidade')
    .execute();
  return new Map(rows.map(({ severidade, total }) => [severidade, total]));
}

export async function countChurn(db: Db): Promise<Counts> {
  const rows = await db
    .selectFrom('churn')
    .select(['classe', sql<number>`count(*)`.as('total')])
    .groupBy('classe')
    .execute();
  return new Map(rows.map(({ classe, total }) => [classe, total]));
}

/** How often something was done, in steps of time. */
export interface Passo {
  acao: string;
  entidade: string;
  /** Start of the step, epoch milliseconds. */
  em: number;
  total: number;
}

/** @param stepMs width of a step; steps begin at multiples of it. */
export async function countActions(db: Db, acoes: readonly string[], fromMs: number, stepMs: number): Promise<Passo[]> {
  return db
    .selectFrom('auditoria')
    .select([
      'acao',
      'entidade',
      sql<number>`em / ${stepMs} * ${stepMs}`.as('passo'),
      sql<number>`count(*)`.as('total'),
    ])
    .where('acao', 'in', acoes)
    .where('em', '>=', fromMs)
    .groupBy(['acao', 'entidade', 'passo'])
    .execute()
    .then((rows) => rows.map(({ passo, ...row }) => ({ ...row, em: passo })));
}

export async function countRecusas(db: Db, fromMs: number): Promise<{ em: number; total: number }[]> {
  const rows = await db
    .selectFrom('recusas')
    .select(['dia', sql<number>`sum(quantidade)`.as('total')])
    .where('dia', '>=', fromMs)
    .groupBy('dia')
    .execute();
  return rows.map(({ dia, total }) => ({ em: dia, total }));
}

/** Licences of a plan that are nearly full or were refused something for being too small, a page at a time. */
export async function licencasApertadas(
  db: Db,
  page: PageRequest,
  sinceMs: number,
  now: number,
): Promise<Page<LicencaEmUso>> {
  const refused = (codigo: string) =>
    sql<number>`(SELECT coalesce(sum(recusas.quantidade), 0) FROM recusas WHERE recusas.licenca_id = licencas.id
      AND recusas.codigo = ${codigo} AND recusas.dia >= ${sinceMs})`;
  const query = db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .innerJoin('planos', 'planos.id', 'licencas.plano_id')
    .select(['licencas.id', 'licencas.cliente_id', 'licencas.limite_maquinas', 'licencas.maquinas_ativas'])
    .select(['clientes.nome', 'planos.id as plano_id', 'planos.produto_id', 'licencas.criado_em'])
    .select([refused('LIMITE_DE_MAQUINAS').as('sem_assento'), refused('RECURSO_AUSENTE').as('sem_recurso')])
    .where(licencaStatusSql(now), '=', 'ativa')
    .where(
      sql<boolean>`((licencas.limite_maquinas >= ${nearlyFullFrom} AND licencas.maquinas_ativas * 5 >= licencas.limite_maquinas * 4) OR EXISTS (SELECT 1 FROM recusas
        WHERE recusas.licenca_id = licencas.id AND recusas.dia >= ${sinceMs}
        AND recusas.codigo IN ('LIMITE_DE_MAQUINAS', 'RECURSO_AUSENTE')))`,
    );
  return keysetPage(query, {
    page,
    columns: { criado_em: 'licencas.criado_em' },
    idColumn: 'licencas.id',
    sortValue: (row) => row.criado_em,
    id: (row) => row.id,
    map: (row) => row,
  });
}
