/** Schema 2: plans, invoices and payments, notices of expiry, version ranges, overage, search by trigrams. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `CREATE TABLE planos (
    id TEXT PRIMARY KEY, nome TEXT NOT NULL, produto_id TEXT NOT NULL REFERENCES produtos(id),
    preco_centavos INTEGER NOT NULL, periodo TEXT NOT NULL, limite_maquinas INTEGER NOT NULL, recursos TEXT NOT NULL,
    carencia_dias INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL,
    UNIQUE (produto_id, nome)) STRICT`,
  `CREATE INDEX planos_criado ON planos(criado_em, id)`,
  `CREATE INDEX produtos_criado ON produtos(criado_em, id)`,
  // What a licence takes from its plan, live, as long as it has no value of its own.
  `ALTER TABLE licencas ADD COLUMN herda_limite INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE licencas ADD COLUMN herda_recursos INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE licencas ADD COLUMN versoes TEXT`,
  `ALTER TABLE licencas ADD COLUMN excedente_pct INTEGER NOT NULL DEFAULT 0`,
  // Blocked for non-payment, apart from what an administrator decides.
  `ALTER TABLE licencas ADD COLUMN inadimplente INTEGER NOT NULL DEFAULT 0`,
  // Billing counts whole periods from the anchor, so that the 31st comes back after February.
  `ALTER TABLE licencas ADD COLUMN cobranca_desde INTEGER`,
  `ALTER TABLE licencas ADD COLUMN cobranca_periodos INTEGER NOT NULL DEFAULT 0`,
  `CREATE INDEX licencas_plano ON licencas(plano_id, id) WHERE plano_id IS NOT NULL`,
  `CREATE INDEX licencas_a_renovar ON licencas(expira_em) WHERE cobranca_desde IS NOT NULL AND renovacao_automatica = 1
    AND situacao <> 'cancelada'`,
  `CREATE TABLE faturas (
    id TEXT PRIMARY KEY, numero INTEGER NOT NULL UNIQUE, licenca_id TEXT NOT NULL REFERENCES licencas(id),
    cliente_id TEXT NOT NULL REFERENCES clientes(id), valor_centavos INTEGER NOT NULL, status TEXT NOT NULL,
    periodo_inicio INTEGER NOT NULL, periodo_fim INTEGER NOT NULL, vence_em INTEGER NOT NULL,
    bloqueia_em INTEGER NOT NULL, paga_em INTEGER, pendencia_avisada INTEGER NOT NULL,
    criado_em INTEGER NOT NULL, atualizado_em INTEGER NOT NULL, rev INTEGER NOT NULL,
    UNIQUE (licenca_id, periodo_inicio)) STRICT`,
  `CREATE INDEX faturas_criado ON faturas(criado_em, id)`,
  `CREATE INDEX faturas_cliente ON faturas(cliente_id, id)`,
  `CREATE INDEX faturas_vence ON faturas(vence_em, id)`,
  `CREATE INDEX faturas_a_vencer ON faturas(bloqueia_em) WHERE status = 'pendente'`,
  `CREATE TABLE pagamentos (
    referencia TEXT PRIMARY KEY, fatura_id TEXT NOT NULL REFERENCES faturas(id), valor_centavos INTEGER NOT NULL,
    recebido_em INTEGER NOT NULL) STRICT`,
  `CREATE TABLE avisos_vencimento (
    licenca_id TEXT NOT NULL REFERENCES licencas(id), expira_em INTEGER NOT NULL, dias INTEGER NOT NULL,
    PRIMARY KEY (licenca_id, expira_em, dias)) STRICT, WITHOUT ROWID`,
  // Search by any part of the text: an index of trigrams over the folded text, kept by triggers.
  `CREATE VIRTUAL TABLE clientes_busca USING fts5(busca, content='clientes', tokenize='trigram')`,
  `INSERT INTO clientes_busca(clientes_busca) VALUES ('rebuild')`,
  `CREATE TRIGGER clientes_busca_insert AFTER INSERT ON clientes
    BEGIN INSERT INTO clientes_busca(rowid, busca) VALUES (new.rowid, new.busca); END`,
  `CREATE TRIGGER clientes_busca_delete AFTER DELETE ON clientes
    BEGIN INSERT INTO clientes_busca(clientes_busca, rowid, busca) VALUES ('delete', old.rowid, old.busca); END`,
  `CREATE TRIGGER clientes_busca_update AFTER UPDATE OF busca ON clientes WHEN old.busca <> new.busca
    BEGIN
      INSERT INTO clientes_busca(clientes_busca, rowid, busca) VALUES ('delete', old.rowid, old.busca);
      INSERT INTO clientes_busca(rowid, busca) VALUES (new.rowid, new.busca);
    END`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
