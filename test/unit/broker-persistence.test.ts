/** The suite that every persistence of aedes must pass, whole. */

import { afterAll, describe, expect, test } from 'bun:test';
import assert from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';
import { abstractSuite, present, type SuiteContext } from './broker-persistence-support';

/** Runs a test of the suite, and checks that it made as many assertions as it planned. */
async function runSuiteTest(run: (t: SuiteContext) => Promise<void>): Promise<void> {
  let planned: number | undefined;
  let made = 0;
  const counted =
    <A extends unknown[]>(check: (...args: A) => void) =>
    (...args: A): void => {
      made += 1;
      check(...args);
    };
  await run({
    plan: (assertions) => {
      planned = assertions;
    },
    diagnostic: () => {},
    assert: {
      equal: counted((actual, expected, message = 'as expected') => assert.equal(actual, expected, message)),
      notEqual: counted((actual, expected, message = 'as expected') => assert.notEqual(actual, expected, message)),
      deepEqual: counted((actual, expected, message = 'as expected') => assert.deepEqual(actual, expected, message)),
      ok: counted((value, message = 'as expected') => assert.ok(value, message)),
    },
  });
  if (planned !== undefined) expect(made).toBe(planned);
}

describe('aedes-persistence/abstract.js', () => {
  const folder = mkdtempSync(join(tmpdir(), 'narcidi-broker-suite-'));
  const roots: RootDatabase[] = [];
  const names: string[] = [];
  let ran = 0;
  afterAll(async () => {
    for (const root of roots) await root.close();
    rmSync(folder, { recursive: true, force: true });
    // One that was only registered, or left out by a change of the suite, would pass unnoticed.
    expect({ ran, registered: names.length }).toEqual({ ran: 50, registered: 50 });
  });

  abstractSuite({
    test: (name, run) => {
      names.push(name);
      test(name, async () => {
        await runSuiteTest(run);
        ran += 1;
      });
    },
    persistence: () => {
      const root = openLmdb(join(folder, String(roots.length)));
      roots.push(root);
      return createBrokerPersistence({ root, clock: { now: () => present } });
    },
    testAsync: true,
  });
});
