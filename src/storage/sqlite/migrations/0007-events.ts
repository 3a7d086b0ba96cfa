/** Schema 7: dead letters of the dispatcher, webhooks and their deliveries, the mail queue, alerts and their rules. */

import { type Kysely, sql } from 'kysely';

const statements = [
  // Anew without a foreign key, for which the purge of old events would search every delivery, and with only those that
  // were postponed in the second index: a delivery that succeeds at once touches one tree.
  `ALTER TABLE outbox_entregas RENAME TO outbox_entregas_antigas`,
  `DROP INDEX outbox_entregas_ordem`,
  `CREATE TABLE outbox_entregas (
    consumidor TEXT NOT NULL, seq INTEGER NOT NULL, entidade_id TEXT NOT NULL, tentativas INTEGER NOT NULL,
    proxima_em INTEGER NOT NULL, erro TEXT, PRIMARY KEY (consumidor, seq)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX outbox_adiadas ON outbox_entregas(consumidor, entidade_id, seq) WHERE tentativas > 0`,
  `INSERT INTO outbox_entregas SELECT consumidor, seq, entidade_id, tentativas, proxima_em, erro
    FROM outbox_entregas_antigas WHERE status = 'pendente'`,
  `CREATE TABLE outbox_mortas (
    id TEXT PRIMARY KEY, consumidor TEXT NOT NULL, seq INTEGER NOT NULL, entidade_id TEXT NOT NULL,
    tentativas INTEGER NOT NULL, erro TEXT NOT NULL, morta_em INTEGER NOT NULL) STRICT`,
  `INSERT INTO outbox_mortas SELECT lower(hex(randomblob(16))), consumidor, seq, entidade_id, tentativas,
    coalesce(erro, ''), proxima_em FROM outbox_entregas_antigas WHERE status = 'morta'`,
  `DROP TABLE outbox_entregas_antigas`,
  `CREATE INDEX outbox_mortas_seq ON outbox_mortas(seq)`,

  `CREATE TABLE webhooks (
    id TEXT PRIMARY KEY, url TEXT NOT NULL, eventos TEXT NOT NULL, clientes TEXT NOT NULL,
    cabecalhos_selados TEXT NOT NULL, modelo TEXT, segredo_selado TEXT NOT NULL, segredo_anterior_selado TEXT,
    segredo_anterior_ate INTEGER, ativo INTEGER NOT NULL, motivo_desativacao TEXT, falhando_desde INTEGER,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE INDEX webhooks_criado ON webhooks(criado_em, id)`,
  // Of the pending deliveries of one entity to one webhook only the first has a time in proxima_em: the others wait for
  // their turn, and looking for what is due costs as much as there is due.
  `CREATE TABLE webhook_entregas (
    id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL, seq INTEGER NOT NULL, evento_id TEXT NOT NULL, tipo TEXT NOT NULL,
    entidade_id TEXT NOT NULL, status TEXT NOT NULL, tentativas INTEGER NOT NULL, proxima_em INTEGER,
    criada_em INTEGER NOT NULL, tentada_em INTEGER, duracao_ms INTEGER, requisicao TEXT, resposta_status INTEGER,
    resposta_corpo TEXT, erro TEXT) STRICT`,
  `CREATE INDEX webhook_entregas_ordem ON webhook_entregas(webhook_id, seq, id)`,
  `CREATE INDEX webhook_entregas_devidas ON webhook_entregas(webhook_id, proxima_em) WHERE proxima_em IS NOT NULL`,
  `CREATE INDEX webhook_entregas_fila ON webhook_entregas(webhook_id, entidade_id, seq) WHERE status = 'pendente'`,

  `CREATE TABLE emails (
    id TEXT PRIMARY KEY, para TEXT NOT NULL, modelo TEXT NOT NULL, idioma TEXT NOT NULL, dados_selados TEXT,
    status TEXT NOT NULL, tentativas INTEGER NOT NULL, proxima_em INTEGER, erro TEXT, criado_em INTEGER NOT NULL,
    enviado_em INTEGER) STRICT`,
  `CREATE INDEX emails_devidos ON emails(proxima_em) WHERE proxima_em IS NOT NULL`,

  `CREATE TABLE alerta_regras (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL UNIQUE, embutida INTEGER NOT NULL, ativa INTEGER NOT NULL, evento TEXT,
    metrica TEXT, condicao TEXT, limite REAL, limite_retorno REAL, por_minutos INTEGER NOT NULL, severidade TEXT NOT NULL,
    canais TEXT NOT NULL, silencio TEXT, agrupar_por TEXT NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL) STRICT`,
  `CREATE INDEX alerta_regras_criado ON alerta_regras(criado_em, id)`,
  `CREATE TABLE alertas (
    id TEXT PRIMARY KEY, regra_id TEXT NOT NULL, regra TEXT NOT NULL, severidade TEXT NOT NULL, titulo TEXT NOT NULL,
    detalhe TEXT NOT NULL, entidade TEXT NOT NULL, entidade_id TEXT NOT NULL, cliente_id TEXT, grupo TEXT NOT NULL,
    status TEXT NOT NULL, ocorrencias INTEGER NOT NULL, aberto_em INTEGER NOT NULL, ultima_em INTEGER NOT NULL,
    reconhecido_em INTEGER, resolvido_em INTEGER, fecha_em INTEGER, notificar_em INTEGER, rev INTEGER NOT NULL) STRICT`,
  `CREATE UNIQUE INDEX alertas_abertos ON alertas(regra_id, grupo) WHERE status <> 'resolvido'`,
  `CREATE INDEX alertas_aberto_em ON alertas(aberto_em, id)`,
  `CREATE INDEX alertas_entidade ON alertas(entidade_id, aberto_em)`,
  `CREATE INDEX alertas_a_notificar ON alertas(notificar_em) WHERE notificar_em IS NOT NULL`,
  `CREATE INDEX alertas_a_fechar ON alertas(fecha_em) WHERE fecha_em IS NOT NULL`,
  // The entities whose trouble keeps an alert open; grouped machines are several.
  `CREATE TABLE alerta_membros (
    regra_id TEXT NOT NULL, entidade_id TEXT NOT NULL, alerta_id TEXT NOT NULL, entidade TEXT NOT NULL, nome TEXT NOT NULL,
    desde INTEGER NOT NULL, PRIMARY KEY (regra_id, entidade_id)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX alerta_membros_alerta ON alerta_membros(alerta_id, entidade_id)`,
  `CREATE INDEX alerta_membros_entidade ON alerta_membros(entidade_id)`,
  // Causes that have begun but not yet lasted, or been repeated, as long as their rule asks for.
  `CREATE TABLE alerta_esperas (
    regra_id TEXT NOT NULL, entidade_id TEXT NOT NULL, desde INTEGER NOT NULL, ocorrencias INTEGER NOT NULL,
    vence_em INTEGER, dados TEXT NOT NULL, PRIMARY KEY (regra_id, entidade_id)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX alerta_esperas_vence ON alerta_esperas(vence_em) WHERE vence_em IS NOT NULL`,
  `CREATE INDEX alerta_esperas_entidade ON alerta_esperas(entidade_id)`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
