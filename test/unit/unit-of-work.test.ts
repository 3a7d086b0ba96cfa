import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { sql } from 'kysely';
import { prepareDataFolder } from '../../src/storage/data-folder';
import type { Db, Tx } from '../../src/storage/sqlite/unit-of-work';
import { openStores, type Stores } from '../../src/stores';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';

let stores: Stores;
let path: string;

beforeEach(async () => {
  path = scratchFolder();
  stores = await openStores(prepareDataFolder(path), { now: () => Date.parse('2026-11-25T12:00:00Z') });
  await sql`CREATE TABLE caderno (nome TEXT PRIMARY KEY, texto TEXT, dono TEXT REFERENCES caderno)`.execute(
    stores.sqlite.writer,
  );
});
afterEach(async () => {
  await stores.close();
  rmSync(path, { recursive: true, force: true });
});

/** Writes a name, with an event of it. */
async function note(tx: Tx, nome: string, texto = ''): Promise<string> {
  await sql`INSERT INTO caderno (nome, texto) VALUES (${nome}, ${texto})`.execute(tx.db);
  const eventos = [{ tipo: 'sistema.erro' as const, entidade: 'teste', entidadeId: nome, dados: {} }];
  await tx.record({ acao: 'anotar', entidade: 'teste', entidadeId: nome, antes: null, depois: null, eventos });
  return nome;
}

async function written(db = stores.sqlite.reader): Promise<string[]> {
  const { rows } = await sql<{ nome: string }>`SELECT nome FROM caderno ORDER BY nome`.execute(db);
  return rows.map(({ nome }) => nome);
}

async function recorded(): Promise<string[]> {
  const rows = await stores.work.reader.selectFrom('auditoria').select('entidade_id').orderBy('entidade_id').execute();
  const events = await stores.work.reader.selectFrom('outbox').select('entidade_id').orderBy('entidade_id').execute();
  expect(events).toEqual(rows);
  return rows.map(({ entidade_id }) => entidade_id);
}

function told(): string[] {
  const names: string[] = [];
  stores.work.onCommit(({ events }) => names.push(...events.map(({ entidadeId }) => entidadeId)));
  return names;
}

/** Gives the names of those whose promise was kept. */
async function kept(writes: readonly Promise<string>[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(writes);
  return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
}

describe('writes that come in together', () => {
  test('each is all there or not at all, and says so, whatever became of its neighbours', async () => {
    const kinds = ['write', 'writeRelaxed', 'writeAlone'] as const;
    const ends = ['good', 'throws', 'duplicate'] as const;
    const one = fc.record({ kind: fc.constantFrom(...kinds), end: fc.constantFrom(...ends), later: fc.boolean() });
    const names = told();
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 80 }), async (wanted) => {
        round += 1;
        names.length = 0;
        const good: string[] = [];
        const order: string[] = [];
        const writes: Promise<string>[] = [];
        for (const [n, { kind, end, later }] of wanted.entries()) {
          const nome = `${round}-${n}`;
          if (later) await new Promise((resolve) => setImmediate(resolve));
          if (end === 'good') good.push(nome);
          const write = stores.work[kind](actor, async (tx) => {
            await note(tx, nome);
            if (end === 'duplicate') await note(tx, nome);
            if (end === 'throws') throw new Error(nome);
            return nome;
          });
          if (end === 'throws') write.catch((error: Error) => expect(error.message).toBe(nome));
          // Whoever reacts to a commit has done so before the one who asked for it goes on.
          const seen = write.then((done) => {
            expect(names).toContain(done);
            order.push(done);
            return done;
          });
          seen.catch(() => undefined);
          writes.push(seen);
        }
        expect(await kept(writes)).toEqual(good);
        expect(order).toEqual(good);
        expect(names).toEqual(good);
        expect((await written()).filter((nome) => nome.startsWith(`${round}-`)).sort()).toEqual([...good].sort());
        expect((await recorded()).filter((nome) => nome.startsWith(`${round}-`)).sort()).toEqual([...good].sort());
      }),
      { numRuns: 40 },
    );
  });

  test('share one transaction, but for one that asks to be alone', async () => {
    const { work } = stores;
    const seen: Record<string, string[]> = {};
    const look = (nome: string) => async (tx: Tx) => {
      await note(tx, nome);
      seen[nome] = await written();
      return nome;
    };
    await Promise.all([
      work.write(actor, look('a')),
      work.writeRelaxed(actor, look('b')),
      work.writeAlone(actor, look('c')),
      work.write(actor, look('d')),
      work.write(actor, async (tx) => {
        seen['in e'] = await written(tx.db);
        return look('e')(tx);
      }),
    ]);
    // What others can read while each is under way.
    expect(seen).toEqual({
      a: [],
      b: [],
      c: ['a', 'b'],
      d: ['a', 'b', 'c'],
      'in e': ['a', 'b', 'c', 'd'],
      e: ['a', 'b', 'c'],
    });
  });

  test('a full disk in the midst of them: what is told as written is there, what is not is not, and it goes on', async () => {
    const { work } = stores;
    await work.write(actor, (tx) => note(tx, 'before'));
    const pages = await sql<{ page_count: number }>`PRAGMA page_count`.execute(stores.sqlite.writer);
    await sql.raw(`PRAGMA max_page_count = ${(pages.rows[0]?.page_count ?? 0) + 4}`).execute(stores.sqlite.writer);
    const names = told();
    const done = await kept([
      work.write(actor, (tx) => note(tx, 'small')),
      work.write(actor, (tx) => note(tx, 'large', 'x'.repeat(1_000_000))),
      work.write(actor, (tx) => note(tx, 'after')),
      work.writeAlone(actor, (tx) => note(tx, 'large alone', 'x'.repeat(1_000_000))),
    ]);
    expect(done).not.toContain('large');
    expect(done).not.toContain('large alone');
    expect(names).toEqual(done);
    expect(await written()).toEqual(['before', ...done].sort());
    expect(await recorded()).toEqual(['before', ...done].sort());
    await sql.raw('PRAGMA max_page_count = 1000000').execute(stores.sqlite.writer);
    expect(await work.write(actor, (tx) => note(tx, 'large', 'x'.repeat(1_000_000)))).toBe('large');
  });

  test('a statement after which SQLite has given the transaction up fails all of them, with its reason', async () => {
    const { work } = stores;
    const names = told();
    const outcomes = await Promise.allSettled([
      work.write(actor, (tx) => note(tx, 'a')),
      work.write(actor, async (tx) => {
        await note(tx, 'b');
        await sql`INSERT OR ROLLBACK INTO caderno (nome) VALUES ('b')`.execute(tx.db);
      }),
      work.write(actor, (tx) => note(tx, 'c')),
    ]);
    for (const outcome of outcomes) expect(String(outcome.status === 'rejected' && outcome.reason)).toContain('UNIQUE');
    expect(names).toEqual([]);
    expect(await written()).toEqual([]);
    expect(await kept([work.write(actor, (tx) => note(tx, 'd'))])).toEqual(['d']);
  });

  test('a commit that fails fails all of them, those included that had failed by themselves', async () => {
    const { work } = stores;
    const names = told();
    const outcomes = await Promise.allSettled([
      work.write(actor, (tx) => note(tx, 'a')),
      work.write(actor, (tx) => note(tx, 'a')),
      work.write(actor, async (tx) => {
        // Looked at only by the commit.
        await sql`PRAGMA defer_foreign_keys = ON`.execute(tx.db);
        await sql`INSERT INTO caderno (nome, dono) VALUES ('c', 'nobody')`.execute(tx.db);
      }),
    ]);
    for (const outcome of outcomes)
      expect(String(outcome.status === 'rejected' && outcome.reason)).toContain('FOREIGN KEY');
    expect(names).toEqual([]);
    expect(await written()).toEqual([]);
    expect(await kept([work.write(actor, (tx) => note(tx, 'a'))])).toEqual(['a']);
  });

  test('what is written among them without records is kept and taken back like them', async () => {
    const { work } = stores;
    const insert = (nome: string) => (db: Db) => sql`INSERT INTO caderno (nome) VALUES (${nome})`.execute(db);
    const outcomes = await Promise.allSettled([
      work.keep((db) => insert('a')(db)),
      work.keepRelaxed((db) => insert('b')(db)),
      work.keep(async (db) => {
        await insert('c')(db);
        throw new Error('no');
      }),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    expect(await written()).toEqual(['a', 'b']);
  });

  test('a listener that fails holds up nobody else', async () => {
    const { work } = stores;
    work.onCommit(({ ids }) => {
      if (ids.has('a')) throw new Error('listener');
    });
    const writes = ['a', 'b'].map((nome) => work.write(actor, (tx) => note(tx, nome)));
    expect(await kept(writes)).toEqual(['b']);
    expect(await kept([work.write(actor, (tx) => note(tx, 'c'))])).toEqual(['c']);
  });

  test('the time that each has waited for the disk is counted, that of relaxed writes is not', async () => {
    const { work } = stores;
    await work.writeRelaxed(actor, (tx) => note(tx, 'a'));
    expect(work.waitedMs()).toBe(0);
    const from = performance.now();
    await Promise.all(['b', 'c', 'd'].map((nome) => work.write(actor, (tx) => note(tx, nome))));
    expect(work.waitedMs()).toBeGreaterThan(0);
    expect(work.waitedMs()).toBeLessThanOrEqual(3 * (performance.now() - from));
  });
});
