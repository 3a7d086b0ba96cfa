/** The mail queue in the database. What a mail says is sealed: a copy of the database must not open an account. */

import type { Selectable } from 'kysely';
import type { Keyring } from '../../storage/keys/keyring';
import type { EmailTable } from '../../storage/sqlite/schema-events';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Email, EmailDados, EmailStatus, Idioma } from './emails.model';

const sealPurpose = 'emails.dados';

type Seals = Pick<Keyring, 'seal' | 'open'>;

export async function insertEmails(db: Db, seals: Seals, emails: readonly Email[]): Promise<void> {
  if (emails.length === 0) return;
  await db
    .insertInto('emails')
    .values(emails.map((email) => toRow(seals, email)))
    .execute();
}

/** The mails that are due, the longest waiting first. */
export async function dueEmails(db: Db, seals: Seals, now: number, limit: number): Promise<Email[]> {
  const rows = await db
    .selectFrom('emails')
    .selectAll()
    .where('proxima_em', 'is not', null)
    .where('proxima_em', '<=', now)
    .orderBy('proxima_em')
    .limit(limit)
    .execute();
  return rows.map((row) => toEmail(seals, row));
}

export async function updateEmail(db: Db, seals: Seals, email: Email): Promise<void> {
  const { id, ...row } = toRow(seals, email);
  await db.updateTable('emails').set(row).where('id', '=', id).execute();
}

/** Removes what was settled before a moment. @returns how many, at most `limit`. */
export async function deleteSettledEmails(db: Db, before: number, limit: number): Promise<number> {
  const settled = db
    .selectFrom('emails')
    .select('id')
    .where('status', '<>', 'pendente')
    .where('criado_em', '<', before)
    .limit(limit);
  const result = await db.deleteFrom('emails').where('id', 'in', settled).executeTakeFirst();
  return Number(result.numDeletedRows);
}

export async function countEmails(db: Db): Promise<Record<EmailStatus, number>> {
  const rows = await db
    .selectFrom('emails')
    .select(({ fn }) => ['status', fn.countAll<number>().as('n')])
    .groupBy('status')
    .execute();
  const count = (status: EmailStatus): number => Number(rows.find((row) => row.status === status)?.n ?? 0);
  return { pendente: count('pendente'), enviado: count('enviado'), morto: count('morto') };
}

function toEmail(seals: Seals, { dados_selados, ...row }: Selectable<EmailTable>): Email {
  return {
    ...row,
    idioma: row.idioma as Idioma,
    status: row.status as EmailStatus,
    dados: dados_selados === null ? null : (JSON.parse(seals.open(sealPurpose, dados_selados)) as EmailDados),
  };
}

function toRow(seals: Seals, { dados, ...email }: Email): Selectable<EmailTable> {
  return { ...email, dados_selados: dados === null ? null : seals.seal(sealPurpose, JSON.stringify(dados)) };
}
