/** Reading the audit. It is written with each change, by the unit of work. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { AuditoriaSeloTable, AuditoriaTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';

export type AuditRow = Selectable<AuditoriaTable>;

export interface AuditFilter {
  /** The id of whoever acted. */
  ator?: string | undefined;
  entidade?: string | undefined;
  entidade_id?: string | undefined;
  acao?: string | undefined;
  /** Epoch milliseconds, inclusive. */
  de?: number | undefined;
  /** Epoch milliseconds, exclusive. */
  ate?: number | undefined;
}

/** Every change of one entity, in order of time. */
export async function listHistorico(
  db: Db,
  page: PageRequest,
  entidade: string,
  entidadeId: string,
): Promise<Page<AuditRow>> {
  return keysetPage(
    db.selectFrom('auditoria').selectAll().where('entidade', '=', entidade).where('entidade_id', '=', entidadeId),
    {
      page,
      columns: { em: 'seq' },
      idColumn: 'id',
      sortValue: (row) => row.seq,
      id: (row) => row.id,
      map: (row) => row,
    },
  );
}

/** Whether something was ever done to an entity. */
export async function isRecorded(db: Db, entidade: string, entidadeId: string, acao: string): Promise<boolean> {
  const found = await db
    .selectFrom('auditoria')
    .select('seq')
    .where('entidade', '=', entidade)
    .where('entidade_id', '=', entidadeId)
    .where('acao', '=', acao)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/**
 * The changes of one entity from one row to another, both included, in the order of the chain. Without a beginning it is the
 * row at the end alone, without an end it goes to the newest; an id that is no row of the entity gives none.
 */
export async function listHistoricoBetween(
  db: Db,
  entidade: string,
  entidadeId: string,
  { de, ate }: { de: string | null; ate: string | null },
  limit: number,
): Promise<AuditRow[]> {
  const rows = db.selectFrom('auditoria').where('entidade', '=', entidade).where('entidade_id', '=', entidadeId);
  const seqOf = async (id: string): Promise<number | null> =>
    (await rows.select('seq').where('id', '=', id).executeTakeFirst())?.seq ?? null;
  const newest = async (): Promise<number | null> =>
    (await rows.select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst())?.seq ?? null;
  const last = ate === null ? await newest() : await seqOf(ate);
  const first = de === null ? last : await seqOf(de);
  if (first === null || last === null) return [];
  const between = rows.selectAll().where('seq', '>=', first).where('seq', '<=', last);
  return between.orderBy('seq').limit(limit).execute();
}

const acessoAcoes = [
  'entrar',
  'sair',
  'login_falhou',
  'reuso_de_token',
  'encerrar_sessoes',
  'usar_codigo_de_recuperacao',
];

/** Every log-in to an account, every failed one, and how its sessions ended. */
export async function listAcessos(db: Db, page: PageRequest, usuarioId: string): Promise<Page<AuditRow>> {
  const rows = db
    .selectFrom('auditoria')
    .selectAll()
    .where('entidade', '=', 'usuario')
    .where('entidade_id', '=', usuarioId)
    .where('acao', 'in', acessoAcoes);
  return keysetPage(rows, {
    page,
    columns: { em: 'seq' },
    idColumn: 'id',
    sortValue: (row) => row.seq,
    id: (row) => row.id,
    map: (row) => row,
  });
}

/** Every change there is, by time; ids are in order of time too. */
export async function listAuditoria(db: Db, page: PageRequest, filter: AuditFilter): Promise<Page<AuditRow>> {
  let query = db.selectFrom('auditoria').selectAll();
  if (filter.ator) query = query.where('ator_id', '=', filter.ator);
  if (filter.entidade) query = query.where('entidade', '=', filter.entidade);
  if (filter.entidade_id) query = query.where('entidade_id', '=', filter.entidade_id);
  if (filter.acao) query = query.where('acao', '=', filter.acao);
  if (filter.de !== undefined) query = query.where('em', '>=', filter.de);
  if (filter.ate !== undefined) query = query.where('em', '<', filter.ate);
  if (page.busca) query = query.where('ator_nome', 'like', `%${page.busca.replace(/[%_]/g, '_')}%`);
  return keysetPage(query, {
    page,
    columns: { em: 'em' },
    idColumn: 'id',
    sortValue: (row) => row.em,
    id: (row) => row.id,
    map: (row) => row,
  });
}

/** The next rows of the chain, in its order. */
export async function readChain(db: Db, afterSeq: number, limit: number): Promise<AuditRow[]> {
  return db.selectFrom('auditoria').selectAll().where('seq', '>', afterSeq).orderBy('seq').limit(limit).execute();
}

/** The seal and the last row, as they were at one moment. */
export async function readChainEnd(
  db: Db,
): Promise<{ ultima: Pick<AuditRow, 'seq' | 'id' | 'hash'> | null; selo: Selectable<AuditoriaSeloTable> | null }> {
  const row = await db
    .selectFrom((from) =>
      from.selectFrom('auditoria').select(['seq', 'id', 'hash']).orderBy('seq', 'desc').limit(1).as('ultima'),
    )
    .fullJoin('auditoria_selo', (join) => join.onTrue())
    .select(['ultima.seq', 'ultima.id', 'ultima.hash'])
    .select(['auditoria_selo.unico', 'auditoria_selo.seq as selo_seq'])
    .select(['auditoria_selo.hash as selo_hash', 'auditoria_selo.selo'])
    .executeTakeFirst();
  if (!row) return { ultima: null, selo: null };
  const { seq, id, hash, unico, selo_seq, selo_hash, selo } = row;
  return {
    ultima: seq === null || id === null || hash === null ? null : { seq, id, hash },
    selo:
      unico === null || selo_seq === null || selo_hash === null || selo === null
        ? null
        : { unico, seq: selo_seq, hash: selo_hash, selo },
  };
}
