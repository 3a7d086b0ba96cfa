/** Schema 6: versions and their files, pins, and which version each machine runs since when. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE versoes (
    id TEXT PRIMARY KEY, produto_id TEXT NOT NULL REFERENCES produtos(id), versao TEXT NOT NULL,
    versao_precedencia TEXT NOT NULL, canal TEXT NOT NULL, plataforma TEXT NOT NULL, arquitetura TEXT NOT NULL,
    arquivo TEXT NOT NULL, tamanho INTEGER NOT NULL, sha256 TEXT NOT NULL, sha512 TEXT NOT NULL,
    assinatura TEXT NOT NULL, assinatura_kid TEXT NOT NULL, assinatura_tauri TEXT,
    notas TEXT NOT NULL, versao_minima TEXT, requisitos TEXT NOT NULL, obrigatoria INTEGER NOT NULL,
    distribuicao_pct INTEGER NOT NULL, distribuicao_pausada INTEGER NOT NULL, status TEXT NOT NULL,
    publicada_em INTEGER, downloads INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  // Build metadata does not count: versions that semver ranks equal are the same version.
  `CREATE UNIQUE INDEX versoes_unica ON versoes(produto_id, versao_precedencia, canal, plataforma, arquitetura)`,
  `CREATE INDEX versoes_criado ON versoes(criado_em, id)`,
  `CREATE INDEX versoes_sha256 ON versoes(sha256)`,
  `CREATE INDEX versoes_publicadas ON versoes(produto_id) WHERE status = 'publicada'`,
  `CREATE TABLE fixacoes (
    id TEXT PRIMARY KEY, alvo TEXT NOT NULL, alvo_id TEXT NOT NULL, produto_id TEXT NOT NULL REFERENCES produtos(id),
    versao TEXT NOT NULL, motivo TEXT, criado_em INTEGER NOT NULL, UNIQUE (alvo_id, produto_id)) STRICT`,
  `CREATE INDEX fixacoes_criado ON fixacoes(criado_em, id)`,
  `CREATE TABLE maquinas_versoes (
    maquina_id TEXT NOT NULL, desde INTEGER NOT NULL, versao TEXT NOT NULL, ate INTEGER,
    PRIMARY KEY (maquina_id, desde)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX maquinas_versoes_atual ON maquinas_versoes(versao, maquina_id) WHERE ate IS NULL`,
  `INSERT INTO maquinas_versoes SELECT id, atualizado_em, versao, NULL FROM maquinas WHERE versao IS NOT NULL`,
  `CREATE TRIGGER maquinas_versoes_delete AFTER DELETE ON maquinas
    BEGIN
      DELETE FROM maquinas_versoes WHERE maquina_id = old.id;
      DELETE FROM fixacoes WHERE alvo_id = old.id;
    END`,
  // Until when a licence is entitled to new versions, apart from when it ends; null: until it ends.
  `ALTER TABLE licencas ADD COLUMN atualizacoes_ate INTEGER`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
