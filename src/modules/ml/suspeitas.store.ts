/** Suspicions in the database, and the counts they rest on. Every count reads one index over one window. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { SuspeitaTable } from '../../storage/sqlite/schema-insight';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { SuspeitaTipo } from './suspeitas.model';

export const suspeitaSortable = ['em'] as const;

export interface Suspeita {
  id: string;
  tipo: SuspeitaTipo;
  /** 0 to 1. */
  pontuacao: number;
  /** What was seen, in words. */
  evidencias: string[];
  entidade: string;
  entidade_id: string;
  em: number;
  atualizada_em: number;
}

export interface SuspeitaFilter {
  tipo?: SuspeitaTipo | undefined;
  entidade_id?: string | undefined;
}

export async function listSuspeitas(db: Db, page: PageRequest, filter: SuspeitaFilter): Promise<Page<Suspeita>> {
  let query = db.selectFrom('suspeitas').selectAll();
  if (filter.tipo !== undefined) query = query.where('tipo', '=', filter.tipo);
  if (filter.entidade_id !== undefined) query = query.where('entidade_id', '=', filter.entidade_id);
  return keysetPage(query, {
    page,
    columns: { em: 'em' },
    idColumn: 'id',
    sortValue: (row) => row.em,
    id: (row) => row.id,
    map: toSuspeita,
  });
}

/** The same suspicion of the same entity that is not older than a moment. */
export async function findRecent(
  db: Db,
  tipo: SuspeitaTipo,
  entidadeId: string,
  sinceMs: number,
): Promise<Suspeita | null> {
  const row = await db
    .selectFrom('suspeitas')
    .selectAll()
    .where('entidade_id', '=', entidadeId)
    .where('tipo', '=', tipo)
    .where('em', '>=', sinceMs)
    .orderBy('em', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? toSuspeita(row) : null;
}

/** Inserts, or replaces the one with the same id. */
export async function saveSuspeita(db: Db, suspeita: Suspeita): Promise<void> {
  const row = { ...suspeita, evidencias: JSON.stringify(suspeita.evidencias) };
  await db
    .insertInto('suspeitas')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

function toSuspeita(row: Selectable<SuspeitaTable>): Suspeita {
  return { ...row, tipo: row.tipo as SuspeitaTipo, evidencias: JSON.parse(row.evidencias) as string[] };
}

/** How often each entity had something happen to it within a window, and over the weeks before. */
export interface Frequencia {
  id: string;
  nome: string;
  agora: number;
  antes: number;
}

/** Machines that went offline, by customer, with how many machines it has. Of a machine that fell twice, once counts. */
export async function dropsByCliente(
  db: Db,
  fromMs: number,
  now: number,
): Promise<(Frequencia & { maquinas: number })[]> {
  return db
    .selectFrom('auditoria')
    .innerJoin('maquinas', 'maquinas.id', 'auditoria.entidade_id')
    .innerJoin('clientes', 'clientes.id', 'maquinas.cliente_id')
    .select(['clientes.id', 'clientes.nome'])
    .select(sql<number>`count(DISTINCT auditoria.entidade_id)`.as('agora'))
    .select(sql<number>`0`.as('antes'))
    .select(
      sql<number>`(SELECT count(*) FROM maquinas AS todas WHERE todas.cliente_id = clientes.id AND todas.ativa = 1)`.as(
        'maquinas',
      ),
    )
    .where('auditoria.acao', '=', 'desconectar')
    .where('auditoria.em', '>', fromMs)
    .where('auditoria.em', '<=', now)
    .groupBy('clientes.id')
    .execute();
}

/**
 * How many machines of a customer fell within each window of the weeks before. Read machine by machine: SQLite would rather go
 * through every machine that fell in those weeks, of whomever.
 */
export async function pastDrops(
  db: Db,
  clienteId: string,
  range: { fromMs: number; toMs: number; windowMs: number },
): Promise<{ em: number; quantas: number }[]> {
  const { rows } = await sql<{ em: number; quantas: number }>`
    SELECT a.em / ${range.windowMs} * ${range.windowMs} AS em, count(DISTINCT a.entidade_id) AS quantas
    FROM maquinas AS m CROSS JOIN auditoria AS a INDEXED BY auditoria_entidade
      ON a.entidade = 'maquina' AND a.entidade_id = m.id
    WHERE m.cliente_id = ${clienteId} AND a.acao = 'desconectar' AND a.em > ${range.fromMs} AND a.em <= ${range.toMs}
    GROUP BY 1`.execute(db);
  return rows;
}

/** Machines with so many anomalies within the window, and how many they had in the weeks before. */
export async function anomaliesByMachine(
  db: Db,
  {
    windowFromMs,
    weeksFromMs,
    now,
    atLeast,
  }: { windowFromMs: number; weeksFromMs: number; now: number; atLeast: number },
): Promise<(Frequencia & { pior: number })[]> {
  const recent = await db
    .selectFrom('anomalias')
    .innerJoin('maquinas', 'maquinas.id', 'anomalias.maquina_id')
    .select(['maquinas.id', 'maquinas.nome'])
    .select((eb) => [eb.fn.countAll<number>().as('agora'), eb.fn.max('anomalias.pontuacao').as('pior')])
    .where('anomalias.em', '>', windowFromMs)
    .where('anomalias.em', '<=', now)
    .groupBy('maquinas.id')
    .having((eb) => eb.fn.countAll(), '>=', atLeast)
    .execute();
  const found: (Frequencia & { pior: number })[] = [];
  for (const machine of recent) {
    const { antes } = await db
      .selectFrom('anomalias')
      .select((eb) => eb.fn.countAll<number>().as('antes'))
      .where('maquina_id', '=', machine.id)
      .where('em', '>', weeksFromMs)
      .where('em', '<=', windowFromMs)
      .executeTakeFirstOrThrow();
    found.push({ ...machine, antes });
  }
  return found;
}

/** What was refused or looked like an attack, by address. */
export async function refusedAccessByIp(
  db: Db,
  windowFromMs: number,
  weeksFromMs: number,
  now: number,
): Promise<Frequencia[]> {
  return db
    .selectFrom('auditoria')
    .select(['ip as id', 'ip as nome'])
    .select(sql<number>`sum(em > ${windowFromMs})`.as('agora'))
    .select(sql<number>`sum(em <= ${windowFromMs})`.as('antes'))
    .where('acao', 'in', ['login_falhou', 'suspeita'])
    .where('em', '>', weeksFromMs)
    .where('em', '<=', now)
    .where('ip', 'is not', null)
    .groupBy('ip')
    .having(sql<number>`sum(em > ${windowFromMs})`, '>', 0)
    .$narrowType<{ id: string; nome: string }>()
    .execute();
}

/** Changes that people made to one record. */
export async function changesByRecord(
  db: Db,
  windowFromMs: number,
  now: number,
): Promise<(Frequencia & { entidade: string; atores: string })[]> {
  return db
    .selectFrom('auditoria')
    .select(['entidade', 'entidade_id as id', 'entidade_id as nome'])
    .select(sql<string>`group_concat(DISTINCT ator_nome)`.as('atores'))
    .select([sql<number>`count(*)`.as('agora'), sql<number>`0`.as('antes')])
    .where('acao', 'in', ['editar', 'bloquear', 'desbloquear', 'ativar', 'desativar', 'rotacionar_token'])
    .where('entidade', 'in', ['cliente', 'licenca', 'maquina', 'plano'])
    .where('em', '>', windowFromMs)
    .where('em', '<=', now)
    .groupBy(['entidade', 'entidade_id'])
    .having(sql<number>`count(*)`, '>=', 5)
    .execute();
}

/** Activations by licence within the window and before, with how many machines and networks took part. */
export async function activationsByLicence(
  db: Db,
  windowFromMs: number,
  weeksFromMs: number,
  now: number,
): Promise<(Frequencia & { limite: number; impressoes: number; redes: number })[]> {
  const inWindow = sql`auditoria.em > ${windowFromMs}`;
  return db
    .selectFrom('auditoria')
    .innerJoin('maquinas', 'maquinas.id', 'auditoria.entidade_id')
    .innerJoin('licencas', 'licencas.id', 'maquinas.licenca_id')
    .select(['licencas.id', 'licencas.chave_prefixo as nome', 'licencas.limite_maquinas as limite'])
    .select(sql<number>`sum(${inWindow})`.as('agora'))
    .select(sql<number>`sum(NOT ${inWindow})`.as('antes'))
    .select(sql<number>`count(DISTINCT CASE WHEN ${inWindow} THEN maquinas.impressao END)`.as('impressoes'))
    .select(sql<number>`count(DISTINCT CASE WHEN ${inWindow} THEN auditoria.ip END)`.as('redes'))
    .where('auditoria.acao', '=', 'ativar')
    .where('auditoria.em', '>', weeksFromMs)
    .where('auditoria.em', '<=', now)
    .groupBy('licencas.id')
    .having(sql<number>`sum(${inWindow})`, '>', 0)
    .execute();
}

const namesMax = 1_000;

/** The names of machines, without those that were removed; of a thousand at most. */
export async function machineNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map();
  const some = ids.slice(0, namesMax);
  const rows = await db.selectFrom('maquinas').select(['id', 'nome']).where('id', 'in', some).execute();
  return new Map(rows.map(({ id, nome }) => [id, nome]));
}

/** How many records each rule watches. */
export async function countWatched(db: Db): Promise<{ clientes: number; maquinas: number; licencas: number }> {
  const count = async (table: 'clientes' | 'maquinas' | 'licencas'): Promise<number> =>
    (await db.selectFrom(table).select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow()).total;
  return { clientes: await count('clientes'), maquinas: await count('maquinas'), licencas: await count('licencas') };
}
