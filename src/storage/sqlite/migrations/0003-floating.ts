/** Schema 3: floating licences, whose seats are leased by heartbeat. */

import { type Kysely, sql } from 'kysely';

const statements = [
  `ALTER TABLE licencas ADD COLUMN flutuante INTEGER NOT NULL DEFAULT 0`,
  `CREATE INDEX licencas_flutuantes ON licencas(id) WHERE flutuante = 1`,
  `CREATE TABLE assentos (
    licenca_id TEXT NOT NULL REFERENCES licencas(id), maquina_id TEXT NOT NULL, expira_em INTEGER NOT NULL,
    PRIMARY KEY (licenca_id, maquina_id)) STRICT, WITHOUT ROWID`,
];

export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
