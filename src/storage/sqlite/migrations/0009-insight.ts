/** Schema 9: churn scores and the models behind them, anomalies, suspicions, refusals by licence and day. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE churn (
    cliente_id TEXT PRIMARY KEY REFERENCES clientes(id) ON DELETE CASCADE, probabilidade REAL NOT NULL, classe TEXT NOT NULL,
    base REAL NOT NULL, fatores TEXT NOT NULL, sugestoes TEXT NOT NULL, modelo TEXT NOT NULL,
    calculado_em INTEGER NOT NULL) STRICT`,
  `CREATE INDEX churn_probabilidade ON churn(probabilidade, cliente_id)`,
  // The file is part of the row: a model is there wholly or not at all, and every backup has it.
  `CREATE TABLE modelos (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, versao TEXT NOT NULL, origem TEXT NOT NULL, arquivo BLOB NOT NULL,
    sha256 TEXT NOT NULL, dados_sha256 TEXT NOT NULL, linhas INTEGER NOT NULL, metricas TEXT NOT NULL,
    cartao TEXT NOT NULL, ativo INTEGER NOT NULL, treinado_em INTEGER NOT NULL, UNIQUE (nome, versao)) STRICT`,
  `CREATE UNIQUE INDEX modelos_ativo ON modelos(nome) WHERE ativo = 1`,
  `CREATE TABLE recusas (
    licenca_id TEXT NOT NULL REFERENCES licencas(id) ON DELETE CASCADE, dia INTEGER NOT NULL, codigo TEXT NOT NULL,
    quantidade INTEGER NOT NULL, PRIMARY KEY (licenca_id, dia, codigo)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE anomalias (
    id TEXT PRIMARY KEY, maquina_id TEXT NOT NULL REFERENCES maquinas(id) ON DELETE CASCADE, metrica TEXT NOT NULL,
    em INTEGER NOT NULL, valor REAL NOT NULL, usual_min REAL NOT NULL, usual_max REAL NOT NULL,
    pontuacao REAL NOT NULL) STRICT`,
  `CREATE INDEX anomalias_maquina ON anomalias(maquina_id, em)`,
  `CREATE INDEX anomalias_em ON anomalias(em, id)`,
  `CREATE TABLE suspeitas (
    id TEXT PRIMARY KEY, tipo TEXT NOT NULL, pontuacao REAL NOT NULL, evidencias TEXT NOT NULL, entidade TEXT NOT NULL,
    entidade_id TEXT NOT NULL, em INTEGER NOT NULL, atualizada_em INTEGER NOT NULL) STRICT`,
  `CREATE INDEX suspeitas_em ON suspeitas(em, id)`,
  `CREATE INDEX suspeitas_entidade ON suspeitas(entidade_id, tipo, em)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
