/** Licences in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { LicencaTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { licenceGraceDays, type Plano } from '../planos/planos.model';
import type { ClienteEfeito, Licenca, LicencaStatus, LicencaTipo, Situacao } from './licencas.model';
import type { LicenceFacts } from './validacao.model';
import { endWithGrace, licencaStatusSql } from './vigencia.store';

export const licencaSortable = ['criado_em', 'atualizado_em', 'expira_em'] as const;

/** Where a licence that never expires stands when licences are ordered by their end. */
const neverMs = 253_402_300_799_999;
const licencasPerBatch = 500;

export interface LicencaFilter {
  cliente_id?: string | undefined;
  produto_id?: string | undefined;
  plano_id?: string | undefined;
  tipo?: LicencaTipo | undefined;
  status?: LicencaStatus | undefined;
  chave_prefixo?: string | undefined;
}

/** The columns of a licence with those of its customer and product that decide whether it works. */
export function selectLicencas(db: Db) {
  return db
    .selectFrom('licencas')
    .innerJoin('clientes', 'clientes.id', 'licencas.cliente_id')
    .innerJoin('produtos', 'produtos.id', 'licencas.produto_id')
    .selectAll('licencas')
    .select([
      'clientes.status as cliente_status',
      'clientes.motivo_bloqueio as cliente_motivo',
      'produtos.slug as produto_slug',
    ]);
}

/** The row of a licence with its customer's status and its product's slug. */
export type LicencaRow = Selectable<LicencaTable> & {
  cliente_status: string;
  cliente_motivo: string | null;
  produto_slug: string;
};

export async function findLicenca(db: Db, id: string): Promise<LicenceFacts | null> {
  const row = await selectLicencas(db).where('licencas.id', '=', id).executeTakeFirst();
  return row ? toFacts(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getLicenca(db: Db, id: string): Promise<LicenceFacts> {
  const facts = await findLicenca(db, id);
  if (!facts) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há licença com este id.' });
  return facts;
}

export async function findLicencaByHmac(db: Db, chaveHmac: string): Promise<LicenceFacts | null> {
  const row = await selectLicencas(db).where('licencas.chave_hmac', '=', chaveHmac).executeTakeFirst();
  return row ? toFacts(row) : null;
}

export async function insertLicenca(db: Db, licenca: Licenca): Promise<void> {
  await db.insertInto('licencas').values(toRow(licenca)).execute();
}

/** Saves over the revision before. @throws Problem VERSAO_DESATUALIZADA */
export async function updateLicenca(db: Db, licenca: Licenca): Promise<void> {
  const { id, ...row } = toRow(licenca);
  const result = await db
    .updateTable('licencas')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', licenca.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

/** Takes or frees seats; counting is not an edit, so the revision stays. */
export async function addSeats(db: Db, id: string, seats: 1 | -1): Promise<void> {
  await db
    .updateTable('licencas')
    .set({ maquinas_ativas: sql<number>`maquinas_ativas + ${seats}` })
    .where('id', '=', id)
    .execute();
}

export async function listLicencas(
  db: Db,
  page: PageRequest,
  filter: LicencaFilter,
  now: number,
): Promise<Page<LicenceFacts>> {
  let query = selectLicencas(db);
  if (filter.cliente_id) query = query.where('licencas.cliente_id', '=', filter.cliente_id);
  if (filter.produto_id) query = query.where('licencas.produto_id', '=', filter.produto_id);
  if (filter.plano_id) query = query.where('licencas.plano_id', '=', filter.plano_id);
  if (filter.tipo) query = query.where('licencas.tipo', '=', filter.tipo);
  if (filter.chave_prefixo) query = query.where('licencas.chave_prefixo', '=', filter.chave_prefixo.toUpperCase());
  if (filter.status) query = query.where(statusIs(filter.status, now));
  if (page.busca) {
    const term = page.busca;
    query = query.where((where) =>
      where.or([
        where('licencas.chave_prefixo', '=', term.slice(0, 5).toUpperCase()),
        where('licencas.cliente_id', '=', term),
      ]),
    );
  }
  return keysetPage(query, {
    page,
    columns: {
      criado_em: sql`licencas.criado_em`,
      atualizado_em: sql`licencas.atualizado_em`,
      expira_em: sql`coalesce(licencas.expira_em, ${sql.lit(neverMs)})`,
    },
    idColumn: 'licencas.id',
    sortValue: (row) => {
      if (page.ordem.campo === 'expira_em') return row.expira_em ?? neverMs;
      return page.ordem.campo === 'atualizado_em' ? row.atualizado_em : row.criado_em;
    },
    id: (row) => row.id,
    map: toFacts,
  });
}

/** The same rule as `licencaStatusAt`, for filtering. */
function statusIs(status: LicencaStatus, now: number) {
  return sql<boolean>`${licencaStatusSql(now)} = ${status}`;
}

/** The ids of all floating licences. */
export async function floatingLicencas(db: Db): Promise<string[]> {
  // A literal, so that the partial index answers: scanning every licence would pull the whole file into memory.
  const rows = await db.selectFrom('licencas').select('id').where(sql<boolean>`flutuante = 1`).execute();
  return rows.map(({ id }) => id);
}

/** The licences of a plan, by id, a batch at a time. */
export async function* licencasOfPlano(db: Db, planoId: string): AsyncGenerator<LicenceFacts> {
  let last = '';
  while (true) {
    const rows = await selectLicencas(db)
      .where('licencas.plano_id', '=', planoId)
      .where('licencas.id', '>', last)
      .orderBy('licencas.id')
      .limit(licencasPerBatch)
      .execute();
    for (const row of rows) yield toFacts(row);
    if (rows.length < licencasPerBatch) return;
    last = rows.at(-1)?.id ?? last;
  }
}

/** Gives the licences of a plan what they inherit from it. */
export async function followPlano(db: Db, plano: Plano, now: number): Promise<void> {
  const changed = { atualizado_em: now, rev: sql<number>`rev + 1` };
  const ofPlano = () => db.updateTable('licencas').where('plano_id', '=', plano.id);
  await ofPlano()
    .set({
      ...changed,
      carencia_dias: sql<number>`CASE WHEN renovacao_automatica = 1 THEN ${licenceGraceDays(plano, true)}
        ELSE ${licenceGraceDays(plano, false)} END`,
    })
    .execute();
  await ofPlano().set({ limite_maquinas: plano.limite_maquinas }).where('herda_limite', '=', 1).execute();
  await ofPlano()
    .set({ recursos: JSON.stringify(plano.recursos) })
    .where('herda_recursos', '=', 1)
    .execute();
}

/** Licences whose billing period has ended and that go on by themselves, the longest overdue first. */
export async function licencasToRenew(db: Db, now: number, limit: number): Promise<LicenceFacts[]> {
  const rows = await selectLicencas(db)
    // Literals, so that the partial index is used.
    .where(sql<boolean>`licencas.cobranca_desde IS NOT NULL AND licencas.renovacao_automatica = 1
      AND licencas.situacao <> 'cancelada'`)
    .where('licencas.inadimplente', '=', 0)
    .where('clientes.status', '<>', 'cancelado')
    .where('licencas.expira_em', '<=', now)
    .orderBy('licencas.expira_em')
    .limit(limit)
    .execute();
  return rows.map(toFacts);
}

/** Licences whose end is near: within the given moments, the nearest first, from a position on. */
export async function licencasEndingBetween(
  db: Db,
  from: number,
  to: number,
  afterId: string,
  limit: number,
): Promise<LicenceFacts[]> {
  const rows = await selectLicencas(db)
    .where('licencas.expira_em', '>', from)
    .where('licencas.expira_em', '<=', to)
    .where('licencas.situacao', '<>', 'cancelada')
    .where('clientes.status', '<>', 'cancelado')
    .where('licencas.id', '>', afterId)
    .orderBy('licencas.id')
    .limit(limit)
    .execute();
  return rows.map(toFacts);
}

/** Licences whose end or start has come and has not been told yet. */
export async function dueLicencas(
  db: Db,
  which: 'fim' | 'inicio',
  now: number,
  limit: number,
): Promise<LicenceFacts[]> {
  const query = selectLicencas(db).limit(limit);
  // Literals, not parameters: only with them does SQLite use the partial indexes, which hold what is left to tell.
  const due =
    which === 'fim'
      ? query
          .where(sql<boolean>`licencas.fim_registrado = 0 AND licencas.expira_em IS NOT NULL`)
          .where(endHasCome(now))
          .orderBy('licencas.expira_em')
      : query
          .where(sql<boolean>`licencas.inicio_registrado = 0`)
          .where('inicia_em', '<=', now)
          .orderBy('licencas.inicia_em');
  return (await due.execute()).map(toFacts);
}

function endHasCome(now: number) {
  // The plain comparison comes first, because it is the one the index answers.
  return sql<boolean>`licencas.expira_em <= ${now} AND ${endWithGrace} <= ${now}`;
}

export function toFacts(row: LicencaRow): LicenceFacts {
  const { cliente_status, cliente_motivo, produto_slug } = row;
  return {
    licenca: toLicenca(row),
    cliente: cliente_status as ClienteEfeito,
    motivoCliente: cliente_motivo,
    produtoSlug: produto_slug,
  };
}

function toLicenca(row: Selectable<LicencaTable>): Licenca {
  return {
    id: row.id,
    chave_hmac: row.chave_hmac,
    chave_selada: row.chave_selada,
    chave_prefixo: row.chave_prefixo,
    cliente_id: row.cliente_id,
    produto_id: row.produto_id,
    plano_id: row.plano_id,
    tipo: row.tipo as LicencaTipo,
    situacao: row.situacao as Situacao,
    motivo_bloqueio: row.motivo_bloqueio,
    limite_maquinas: row.limite_maquinas,
    maquinas_ativas: row.maquinas_ativas,
    recursos: JSON.parse(row.recursos) as string[],
    inicia_em: row.inicia_em,
    expira_em: row.expira_em,
    carencia_dias: row.carencia_dias,
    renovacao_automatica: row.renovacao_automatica === 1,
    offline_dias: row.offline_dias,
    metadados: JSON.parse(row.metadados) as Record<string, unknown>,
    inicio_registrado: row.inicio_registrado === 1,
    fim_registrado: row.fim_registrado === 1,
    herda_limite: row.herda_limite === 1,
    herda_recursos: row.herda_recursos === 1,
    versoes: row.versoes,
    atualizacoes_ate: row.atualizacoes_ate,
    excedente_pct: row.excedente_pct,
    inadimplente: row.inadimplente === 1,
    flutuante: row.flutuante === 1,
    cobranca_desde: row.cobranca_desde,
    cobranca_periodos: row.cobranca_periodos,
    criado_em: row.criado_em,
    atualizado_em: row.atualizado_em,
    rev: row.rev,
  };
}

function toRow(licenca: Licenca): Selectable<LicencaTable> {
  return {
    ...licenca,
    recursos: JSON.stringify(licenca.recursos),
    metadados: JSON.stringify(licenca.metadados),
    renovacao_automatica: licenca.renovacao_automatica ? 1 : 0,
    inicio_registrado: licenca.inicio_registrado ? 1 : 0,
    fim_registrado: licenca.fim_registrado ? 1 : 0,
    herda_limite: licenca.herda_limite ? 1 : 0,
    herda_recursos: licenca.herda_recursos ? 1 : 0,
    inadimplente: licenca.inadimplente ? 1 : 0,
    flutuante: licenca.flutuante ? 1 : 0,
  };
}
