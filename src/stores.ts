/** Opens what is kept in a data folder: for the server, and for commands that work beside it. */

import type { Clock } from './core/clock';
import { uuidV7 } from './core/ids';
import { ensurePerfis } from './modules/acesso/perfis.store';
import { ensureProdutoPadrao } from './modules/produtos/produtos.store';
import type { DataFolder } from './storage/data-folder';
import { type Keyring, openKeyring } from './storage/keys/keyring';
import { openSqlite, type Sqlite } from './storage/sqlite/open';
import { createUnitOfWork, type Db, sealAudit, type UnitOfWork } from './storage/sqlite/unit-of-work';

export interface Stores {
  sqlite: Sqlite;
  keyring: Keyring;
  work: UnitOfWork;
  close(): Promise<void>;
}

/** Opens the business database and the keys, with what every installation has from the start. */
export async function openStores(folder: DataFolder, clock: Clock): Promise<Stores> {
  const keyring = openKeyring(folder.keys);
  const sqlite = await openSqlite(folder.database);
  const now = clock.now();
  await ensurePerfis(sqlite.writer, now);
  await ensureProdutoPadrao(sqlite.writer, uuidV7.next(now), now);
  // An audit from before there were seals gets its first one now, and only now: later a missing seal is a broken one.
  if (sqlite.migrated.includes('0005-access')) await sealExisting(sqlite.writer, keyring);
  const work = createUnitOfWork({ writer: sqlite.writer, reader: sqlite.reader, clock, ids: uuidV7, keyring });
  return { sqlite, keyring, work, close: () => sqlite.close() };
}

async function sealExisting(db: Db, keyring: Keyring): Promise<void> {
  const last = await db
    .selectFrom('auditoria')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (last) await sealAudit(db, keyring, last);
}
