/** Schema 10: products for machines of every licence, such as the agent. */

import { type Kysely, sql } from 'kysely';

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE produtos ADD COLUMN uso_geral INTEGER NOT NULL DEFAULT 0').execute(db);
}
