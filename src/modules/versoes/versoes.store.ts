/** Versions in the database. Every row passes one mapper. */

import { type Selectable, sql } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { VersaoTable } from '../../storage/sqlite/schema';
import type { Db } from '../../storage/sqlite/unit-of-work';
import { precedenceOf } from './semver.model';
import type { Arquitetura, Canal, Plataforma, Requisitos, Versao, VersaoOferta, VersaoStatus } from './versoes.model';

export const versaoSortable = ['criado_em', 'atualizado_em', 'downloads'] as const;

export interface VersaoFilter {
  produto_id?: string | undefined;
  produto?: string | undefined;
  versao?: string | undefined;
  canal?: Canal | undefined;
  plataforma?: Plataforma | undefined;
  arquitetura?: Arquitetura | undefined;
  status?: VersaoStatus | undefined;
}

type VersaoRow = Selectable<VersaoTable> & { produto_slug: string };

function selectVersoes(db: Db) {
  return db
    .selectFrom('versoes')
    .innerJoin('produtos', 'produtos.id', 'versoes.produto_id')
    .selectAll('versoes')
    .select('produtos.slug as produto_slug');
}

export async function findVersao(db: Db, id: string): Promise<Versao | null> {
  const row = await selectVersoes(db).where('versoes.id', '=', id).executeTakeFirst();
  return row ? toVersao(row) : null;
}

/** @throws Problem NAO_ENCONTRADO */
export async function getVersao(db: Db, id: string): Promise<Versao> {
  const versao = await findVersao(db, id);
  if (!versao) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há versão com este id.' });
  return versao;
}

/** @throws Problem VERSAO_DUPLICADA */
export async function insertVersao(db: Db, versao: Versao): Promise<void> {
  await refuseDuplicate(db, versao);
  await db.insertInto('versoes').values(toRow(versao)).execute();
}

/** Saves over the revision before. @throws Problem VERSAO_DUPLICADA, VERSAO_DESATUALIZADA */
export async function updateVersao(db: Db, versao: Versao): Promise<void> {
  await refuseDuplicate(db, versao);
  // Downloads are counted apart, without a revision.
  const { id, downloads: _, ...row } = toRow(versao);
  const result = await db
    .updateTable('versoes')
    .set(row)
    .where('id', '=', id)
    .where('rev', '=', versao.rev - 1)
    .executeTakeFirst();
  if (result.numUpdatedRows !== 1n) throw new Problem('VERSAO_DESATUALIZADA');
}

export async function deleteVersao(db: Db, id: string): Promise<void> {
  await db.deleteFrom('versoes').where('id', '=', id).execute();
}

/** Counts a download; counting is not an edit, so the revision stays. */
export async function addDownload(db: Db, id: string): Promise<void> {
  await db.updateTable('versoes').set({ downloads: sql<number>`downloads + 1` }).where('id', '=', id).execute();
}

export async function listVersoes(db: Db, page: PageRequest, filter: VersaoFilter): Promise<Page<Versao>> {
  let query = selectVersoes(db);
  if (filter.produto_id) query = query.where('versoes.produto_id', '=', filter.produto_id);
  if (filter.produto) query = query.where('produtos.slug', '=', filter.produto);
  if (filter.versao) query = query.where('versoes.versao', '=', filter.versao);
  if (filter.canal) query = query.where('versoes.canal', '=', filter.canal);
  if (filter.plataforma) query = query.where('versoes.plataforma', '=', filter.plataforma);
  if (filter.arquitetura) query = query.where('versoes.arquitetura', '=', filter.arquitetura);
  if (filter.status) query = query.where('versoes.status', '=', filter.status);
  if (page.busca) {
    const term = `%${page.busca.replace(/[%_]/g, '_')}%`;
    query = query.where((where) =>
      where.or([where('versoes.versao', 'like', term), where('versoes.arquivo', 'like', term)]),
    );
  }
  return keysetPage(query, {
    page,
    columns: {
      criado_em: 'versoes.criado_em',
      atualizado_em: 'versoes.atualizado_em',
      downloads: 'versoes.downloads',
    },
    idColumn: 'versoes.id',
    sortValue: (row) => row[versaoSortable.find((name) => name === page.ordem.campo) ?? 'criado_em'],
    id: (row) => row.id,
    map: toVersao,
  });
}

/** Every published version of a product, without what only its own page shows. */
export async function publishedOf(db: Db, produtoId: string): Promise<VersaoOferta[]> {
  const rows = await selectVersoes(db)
    .where('versoes.produto_id', '=', produtoId)
    // A literal, so that the partial index answers.
    .where(sql<boolean>`versoes.status = 'publicada'`)
    .execute();
  return rows.map((row) => {
    const { notas: _, rev: __, atualizado_em: ___, downloads: ____, ...oferta } = toVersao(row);
    return oferta;
  });
}

/** Whether any version has this content. */
export async function contentInUse(db: Db, sha256: string): Promise<boolean> {
  const row = await db.selectFrom('versoes').select('id').where('sha256', '=', sha256).limit(1).executeTakeFirst();
  return row !== undefined;
}

async function refuseDuplicate(db: Db, versao: Versao): Promise<void> {
  const same = await db
    .selectFrom('versoes')
    .select('id')
    .where('produto_id', '=', versao.produto_id)
    .where('versao_precedencia', '=', precedenceOf(versao.versao))
    .where('canal', '=', versao.canal)
    .where('plataforma', '=', versao.plataforma)
    .where('arquitetura', '=', versao.arquitetura)
    .executeTakeFirst();
  if (!same || same.id === versao.id) return;
  const { produto, plataforma, arquitetura, canal } = versao;
  throw new Problem('VERSAO_DUPLICADA', {
    detalhe: `${produto} ${versao.versao} para ${plataforma} ${arquitetura} já está no canal ${canal}.`,
    extra: { versao_id: same.id },
  });
}

function toVersao({ versao_precedencia: _, produto_slug, ...row }: VersaoRow): Versao {
  return {
    ...row,
    produto: produto_slug,
    canal: row.canal as Canal,
    plataforma: row.plataforma as Plataforma,
    arquitetura: row.arquitetura as Arquitetura,
    requisitos: JSON.parse(row.requisitos) as Requisitos,
    obrigatoria: row.obrigatoria === 1,
    distribuicao_pausada: row.distribuicao_pausada === 1,
    status: row.status as VersaoStatus,
  };
}

function toRow({ produto: _, ...versao }: Versao): Selectable<VersaoTable> {
  return {
    ...versao,
    versao_precedencia: precedenceOf(versao.versao),
    requisitos: JSON.stringify(versao.requisitos),
    obrigatoria: versao.obrigatoria ? 1 : 0,
    distribuicao_pausada: versao.distribuicao_pausada ? 1 : 0,
  };
}
