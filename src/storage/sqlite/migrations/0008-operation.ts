/** Schema 8: jobs and their runs, reports. */

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
  `CREATE TABLE relatorios (
    id TEXT PRIMARY KEY, tipo TEXT NOT NULL, periodo_inicio INTEGER NOT NULL, periodo_fim INTEGER NOT NULL,
    dados TEXT NOT NULL, criado_em INTEGER NOT NULL) STRICT`,
  `CREATE INDEX relatorios_criado ON relatorios(criado_em, id)`,
  `CREATE INDEX relatorios_tipo ON relatorios(tipo, criado_em, id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
