/** Trained models in the database, their files included. */

import type { Selectable } from 'kysely';
import type { Page, PageRequest } from '../../core/page';
import { keysetPage } from '../../storage/sqlite/keyset';
import type { ModeloTable } from '../../storage/sqlite/schema-insight';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { CalibrationRow } from './acerto.model';

export const modeloSortable = ['treinado_em'] as const;

/** How good a model was on rows it had not seen. */
export interface Metricas {
  auc: number;
  brier: number;
  metodo: string;
  calibracao: readonly CalibrationRow[];
}

export interface Modelo {
  id: string;
  nome: string;
  versao: string;
  /** What it was trained on. */
  origem: string;
  sha256: string;
  dados_sha256: string;
  linhas: number;
  metricas: Metricas;
  /** The model's card, Markdown. */
  cartao: string;
  ativo: boolean;
  treinado_em: number;
}

type ModeloRow = Omit<Selectable<ModeloTable>, 'arquivo'>;

const columns = [
  'id',
  'nome',
  'versao',
  'origem',
  'sha256',
  'dados_sha256',
  'linhas',
  'metricas',
  'cartao',
  'ativo',
  'treinado_em',
] as const;

export async function listModelos(db: Db, page: PageRequest): Promise<Page<Modelo>> {
  return keysetPage(db.selectFrom('modelos').select(columns), {
    page,
    columns: { treinado_em: 'treinado_em' },
    idColumn: 'id',
    sortValue: (row) => row.treinado_em,
    id: (row) => row.id,
    map: toModelo,
  });
}

export async function findModelo(db: Db, id: string): Promise<Modelo | null> {
  const row = await db.selectFrom('modelos').select(columns).where('id', '=', id).executeTakeFirst();
  return row ? toModelo(row) : null;
}

/** The model that is in use, with its file. */
export async function findActive(db: Db, nome: string): Promise<{ modelo: Modelo; arquivo: Uint8Array } | null> {
  const row = await db
    .selectFrom('modelos')
    .selectAll()
    .where('nome', '=', nome)
    .where('ativo', '=', 1)
    .executeTakeFirst();
  return row ? { modelo: toModelo(row), arquivo: row.arquivo } : null;
}

export async function readArquivo(db: Db, id: string): Promise<Uint8Array | null> {
  const row = await db.selectFrom('modelos').select('arquivo').where('id', '=', id).executeTakeFirst();
  return row?.arquivo ?? null;
}

/** The next version number of a model. */
export async function nextVersao(db: Db, nome: string): Promise<string> {
  const rows = await db.selectFrom('modelos').select('versao').where('nome', '=', nome).execute();
  return String(Math.max(0, ...rows.map(({ versao }) => Number(versao) || 0)) + 1);
}

export async function insertModelo(db: Db, modelo: Modelo, arquivo: Uint8Array): Promise<void> {
  await db
    .insertInto('modelos')
    .values({ ...modelo, metricas: JSON.stringify(modelo.metricas), ativo: modelo.ativo ? 1 : 0, arquivo })
    .execute();
}

/** Puts one model into use, and the one before out of it. */
export async function activate(db: Db, nome: string, id: string): Promise<void> {
  await db.updateTable('modelos').set({ ativo: 0 }).where('nome', '=', nome).where('ativo', '=', 1).execute();
  await db.updateTable('modelos').set({ ativo: 1 }).where('id', '=', id).execute();
}

function toModelo(row: ModeloRow): Modelo {
  return {
    id: row.id,
    nome: row.nome,
    versao: row.versao,
    origem: row.origem,
    sha256: row.sha256,
    dados_sha256: row.dados_sha256,
    linhas: row.linhas,
    metricas: JSON.parse(row.metricas) as Metricas,
    cartao: row.cartao,
    ativo: row.ativo === 1,
    treinado_em: row.treinado_em,
  };
}
