/** Schema 8: jobs and their runs. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE tarefas (
    nome TEXT PRIMARY KEY, agenda TEXT, ativa INTEGER NOT NULL, proxima_em INTEGER NOT NULL, repetir_em INTEGER,
    falhas INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE TABLE tarefas_execucoes (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, origem TEXT NOT NULL, prevista_em INTEGER NOT NULL,
    inicio INTEGER NOT NULL, fim INTEGER, resultado TEXT NOT NULL, detalhe TEXT NOT NULL) STRICT`,
  `CREATE INDEX tarefas_execucoes_nome ON tarefas_execucoes(nome, inicio, id)`,
  `CREATE INDEX tarefas_execucoes_abertas ON tarefas_execucoes(nome) WHERE fim IS NULL`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
