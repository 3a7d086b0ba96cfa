/** Schema 5: API keys, second factor, password reset, browser sessions, and what finds a row of the audit. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE chaves_api (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, segredo_hmac TEXT NOT NULL, permissoes TEXT NOT NULL,
    enderecos TEXT NOT NULL, responsavel_id TEXT NOT NULL REFERENCES usuarios(id) ON DELETE CASCADE,
    ativa INTEGER NOT NULL, expira_em INTEGER, usada_em INTEGER, usada_de TEXT,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE INDEX chaves_api_criado ON chaves_api(criado_em, id)`,
  `CREATE INDEX chaves_api_responsavel ON chaves_api(responsavel_id)`,
  // The second factor: the secret that counts, the one being enrolled, and the last time step that was used.
  `ALTER TABLE usuarios ADD COLUMN otp_selado TEXT`,
  `ALTER TABLE usuarios ADD COLUMN otp_novo_selado TEXT`,
  `ALTER TABLE usuarios ADD COLUMN otp_passo INTEGER NOT NULL DEFAULT 0`,
  `CREATE INDEX usuarios_criado ON usuarios(criado_em, id)`,
  `CREATE INDEX usuarios_perfil ON usuarios(perfil_id)`,
  `CREATE TABLE codigos_recuperacao (
    usuario_id TEXT NOT NULL REFERENCES usuarios(id) ON DELETE CASCADE, hmac TEXT NOT NULL, usado_em INTEGER,
    PRIMARY KEY (usuario_id, hmac)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE redefinicoes_senha (
    hmac TEXT PRIMARY KEY, usuario_id TEXT NOT NULL REFERENCES usuarios(id) ON DELETE CASCADE,
    criada_em INTEGER NOT NULL, expira_em INTEGER NOT NULL, usada_em INTEGER) STRICT`,
  `CREATE INDEX redefinicoes_senha_usuario ON redefinicoes_senha(usuario_id)`,
  // A session of a browser is known by a cookie; the network tells from where an account has been entered before.
  `ALTER TABLE sessoes ADD COLUMN cookie_hmac TEXT`,
  `ALTER TABLE sessoes ADD COLUMN rede TEXT`,
  `ALTER TABLE sessoes ADD COLUMN escopo TEXT`,
  `ALTER TABLE sessoes ADD COLUMN expira_em INTEGER`,
  `CREATE UNIQUE INDEX sessoes_cookie ON sessoes(cookie_hmac) WHERE cookie_hmac IS NOT NULL`,
  `CREATE INDEX sessoes_rede ON sessoes(usuario_id, rede, criada_em)`,
  `CREATE INDEX auditoria_em ON auditoria(em, id)`,
  `CREATE INDEX auditoria_ator ON auditoria(ator_id, em, id)`,
  `CREATE INDEX auditoria_acao ON auditoria(acao, em, id)`,
  `CREATE INDEX auditoria_tipo ON auditoria(entidade, em, id)`,
  // The last link of the chain, sealed with a key that is not in this database: cutting the end off shows too.
  `CREATE TABLE auditoria_selo (
    unico INTEGER PRIMARY KEY CHECK (unico = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL, selo TEXT NOT NULL) STRICT`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
