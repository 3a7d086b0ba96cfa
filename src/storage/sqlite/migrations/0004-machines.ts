/** Schema 4: commands to machines, what a machine answered to its desired state, since when it is away, fleet search. */

import { type Kysely, sql } from 'kysely';

const statements = [
  // The machine's own word on its present desired state, where it could not or would not apply it.
  `ALTER TABLE maquinas ADD COLUMN bloqueio_recusado_em INTEGER`,
  `ALTER TABLE maquinas ADD COLUMN bloqueio_resultado TEXT`,
  `ALTER TABLE maquinas ADD COLUMN bloqueio_detalhe TEXT`,
  // When it was last heard before it went offline; null while it is not.
  `ALTER TABLE maquinas ADD COLUMN ausente_desde INTEGER`,
  `UPDATE maquinas SET ausente_desde = atualizado_em WHERE conexao = 'offline'`,
  `CREATE INDEX maquinas_ausentes ON maquinas(ausente_desde, id) WHERE conexao = 'offline'`,
  // Lists are ordered by creation unless asked otherwise: each filter has its own index in that order.
  `CREATE INDEX maquinas_atualizado ON maquinas(atualizado_em, id)`,
  `CREATE INDEX maquinas_cliente_criado ON maquinas(cliente_id, criado_em, id)`,
  `CREATE INDEX maquinas_licenca_criado ON maquinas(licenca_id, criado_em, id)`,
  `CREATE INDEX maquinas_versao_criado ON maquinas(versao, criado_em, id)`,
  `CREATE INDEX maquinas_so_criado ON maquinas(so COLLATE NOCASE, criado_em, id)`,
  `CREATE INDEX maquinas_conexao_criado ON maquinas(conexao, criado_em, id)`,
  `DROP INDEX maquinas_conexao`,
  `CREATE INDEX licencas_produto ON licencas(produto_id, id)`,
  `CREATE VIRTUAL TABLE maquinas_busca USING fts5(busca, content='maquinas', tokenize='trigram')`,
  `INSERT INTO maquinas_busca(maquinas_busca) VALUES ('rebuild')`,
  `CREATE TRIGGER maquinas_busca_insert AFTER INSERT ON maquinas
    BEGIN INSERT INTO maquinas_busca(rowid, busca) VALUES (new.rowid, new.busca); END`,
  `CREATE TRIGGER maquinas_busca_delete AFTER DELETE ON maquinas
    BEGIN INSERT INTO maquinas_busca(maquinas_busca, rowid, busca) VALUES ('delete', old.rowid, old.busca); END`,
  `CREATE TRIGGER maquinas_busca_update AFTER UPDATE OF busca ON maquinas WHEN old.busca <> new.busca
    BEGIN
      INSERT INTO maquinas_busca(maquinas_busca, rowid, busca) VALUES ('delete', old.rowid, old.busca);
      INSERT INTO maquinas_busca(rowid, busca) VALUES (new.rowid, new.busca);
    END`,
  `CREATE TABLE comandos (
    id TEXT PRIMARY KEY, maquina_id TEXT NOT NULL REFERENCES maquinas(id) ON DELETE CASCADE,
    tipo TEXT NOT NULL, dados TEXT NOT NULL, status TEXT NOT NULL, detalhe TEXT,
    criado_em INTEGER NOT NULL, expira_em INTEGER NOT NULL,
    enviado_em INTEGER, recebido_em INTEGER, concluido_em INTEGER,
    atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE INDEX comandos_maquina ON comandos(maquina_id, criado_em, id)`,
  // What a machine has yet to receive, and what runs out: small partial indexes over what is not over yet.
  `CREATE INDEX comandos_por_entregar ON comandos(maquina_id, id) WHERE status IN ('na_fila', 'enviado')`,
  `CREATE INDEX comandos_abertos ON comandos(expira_em) WHERE status IN ('na_fila', 'enviado', 'recebido')`,
  `CREATE INDEX comandos_concluidos ON comandos(atualizado_em) WHERE status NOT IN ('na_fila', 'enviado', 'recebido')`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
