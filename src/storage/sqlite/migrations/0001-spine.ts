/** Schema 1: access, customers, licences, machines, audit, outbox. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE perfis (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL UNIQUE, permissoes TEXT NOT NULL, embutido INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE TABLE usuarios (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, email TEXT NOT NULL UNIQUE, senha_hash TEXT NOT NULL,
    perfil_id TEXT NOT NULL REFERENCES perfis(id), ativo INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE TABLE sessoes (
    id TEXT PRIMARY KEY, usuario_id TEXT NOT NULL REFERENCES usuarios(id), ip TEXT, agente TEXT,
    criada_em INTEGER NOT NULL, usada_em INTEGER NOT NULL, revogada_em INTEGER) STRICT`,
  `CREATE INDEX sessoes_usuario ON sessoes(usuario_id)`,
  `CREATE TABLE tokens_renovacao (
    hmac TEXT PRIMARY KEY, sessao_id TEXT NOT NULL REFERENCES sessoes(id), expira_em INTEGER NOT NULL,
    usado_em INTEGER) STRICT`,
  `CREATE INDEX tokens_renovacao_sessao ON tokens_renovacao(sessao_id)`,
  `CREATE INDEX tokens_renovacao_expira ON tokens_renovacao(expira_em)`,
  `CREATE TABLE configuracao (nome TEXT PRIMARY KEY, valor TEXT NOT NULL, atualizado_em INTEGER NOT NULL) STRICT`,
  `CREATE TABLE clientes (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, email TEXT NOT NULL UNIQUE, telefone TEXT, documento TEXT UNIQUE,
    tipo TEXT NOT NULL, status TEXT NOT NULL, motivo_bloqueio TEXT, metadados TEXT NOT NULL, busca TEXT NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE INDEX clientes_criado ON clientes(criado_em, id)`,
  `CREATE INDEX clientes_nome ON clientes(nome, id)`,
  `CREATE TABLE produtos (
    id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, nome TEXT NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE TABLE licencas (
    id TEXT PRIMARY KEY, chave_hmac TEXT NOT NULL UNIQUE, chave_selada TEXT NOT NULL, chave_prefixo TEXT NOT NULL,
    cliente_id TEXT NOT NULL REFERENCES clientes(id), produto_id TEXT NOT NULL REFERENCES produtos(id),
    plano_id TEXT, tipo TEXT NOT NULL, situacao TEXT NOT NULL, motivo_bloqueio TEXT,
    limite_maquinas INTEGER NOT NULL, maquinas_ativas INTEGER NOT NULL, recursos TEXT NOT NULL,
    inicia_em INTEGER NOT NULL, expira_em INTEGER, carencia_dias INTEGER NOT NULL,
    renovacao_automatica INTEGER NOT NULL, offline_dias INTEGER NOT NULL, metadados TEXT NOT NULL,
    inicio_registrado INTEGER NOT NULL, fim_registrado INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL,
    CHECK (maquinas_ativas >= 0)) STRICT`,
  `CREATE INDEX licencas_criado ON licencas(criado_em, id)`,
  `CREATE INDEX licencas_cliente ON licencas(cliente_id, id)`,
  `CREATE INDEX licencas_prefixo ON licencas(chave_prefixo)`,
  `CREATE INDEX licencas_expira ON licencas(expira_em, id)`,
  // The two ticks of the calendar: small partial indexes over what has not been recorded yet.
  `CREATE INDEX licencas_fim_por_registrar ON licencas(expira_em) WHERE fim_registrado = 0 AND expira_em IS NOT NULL`,
  `CREATE INDEX licencas_inicio_por_registrar ON licencas(inicia_em) WHERE inicio_registrado = 0`,
  `CREATE TABLE maquinas (
    id TEXT PRIMARY KEY, cliente_id TEXT NOT NULL REFERENCES clientes(id),
    licenca_id TEXT NOT NULL REFERENCES licencas(id), nome TEXT NOT NULL, impressao TEXT NOT NULL,
    hostname TEXT, so TEXT, arquitetura TEXT, versao TEXT, ip TEXT, conexao TEXT NOT NULL, ativa INTEGER NOT NULL,
    bloqueada INTEGER NOT NULL, motivo_bloqueio TEXT, revisao INTEGER NOT NULL,
    bloqueio_enviado_em INTEGER, bloqueio_entregue_em INTEGER, bloqueio_aplicado_em INTEGER,
    token_hmac TEXT NOT NULL UNIQUE, token_selado TEXT NOT NULL, busca TEXT NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL,
    UNIQUE (licenca_id, impressao)) STRICT`,
  `CREATE INDEX maquinas_criado ON maquinas(criado_em, id)`,
  `CREATE INDEX maquinas_cliente ON maquinas(cliente_id, id)`,
  `CREATE INDEX maquinas_nome ON maquinas(nome, id)`,
  `CREATE INDEX maquinas_conexao ON maquinas(conexao, id)`,
  `CREATE TABLE auditoria (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, em INTEGER NOT NULL,
    ator_tipo TEXT NOT NULL, ator_id TEXT, ator_nome TEXT NOT NULL, acao TEXT NOT NULL,
    entidade TEXT NOT NULL, entidade_id TEXT NOT NULL, antes TEXT, depois TEXT, ip TEXT, request_id TEXT,
    hash_anterior TEXT NOT NULL, hash TEXT NOT NULL) STRICT`,
  `CREATE INDEX auditoria_entidade ON auditoria(entidade, entidade_id, seq)`,
  `CREATE TRIGGER auditoria_sem_update BEFORE UPDATE ON auditoria
    BEGIN SELECT RAISE(ABORT, 'auditoria is append-only'); END`,
  `CREATE TRIGGER auditoria_sem_delete BEFORE DELETE ON auditoria
    BEGIN SELECT RAISE(ABORT, 'auditoria is append-only'); END`,
  `CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, tipo TEXT NOT NULL, em INTEGER NOT NULL,
    entidade TEXT NOT NULL, entidade_id TEXT NOT NULL, dados TEXT NOT NULL, request_id TEXT) STRICT`,
  `CREATE TABLE outbox_entregas (
    seq INTEGER NOT NULL REFERENCES outbox(seq), consumidor TEXT NOT NULL, entidade_id TEXT NOT NULL,
    status TEXT NOT NULL, tentativas INTEGER NOT NULL, proxima_em INTEGER NOT NULL, erro TEXT,
    PRIMARY KEY (consumidor, seq)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX outbox_entregas_ordem ON outbox_entregas(consumidor, entidade_id, seq)`,
  `CREATE TABLE idempotencia (
    id TEXT PRIMARY KEY, corpo_hash TEXT NOT NULL, estado TEXT NOT NULL, status INTEGER, resposta_selada TEXT,
    entidade TEXT, entidade_id TEXT, criada_em INTEGER NOT NULL) STRICT`,
  `CREATE INDEX idempotencia_criada ON idempotencia(criada_em)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
