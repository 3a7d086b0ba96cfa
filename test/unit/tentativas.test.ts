import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { minuteMs, secondMs } from '../../src/core/clock';
import type { Counters } from '../../src/core/counters';
import { Problem } from '../../src/core/problem';
import { createTentativas, type Tentativa } from '../../src/modules/acesso/tentativas';
import { createCounters } from '../../src/storage/lmdb/counters';
import { openLmdb } from '../../src/storage/lmdb/open';

const folder = mkdtempSync(join(tmpdir(), 'narcidi-contadores-'));
let root: ReturnType<typeof openLmdb>;
let counters: Counters;
let now = Date.UTC(2027, 0, 1);
const clock = { now: () => now };

function open(): void {
  root = openLmdb(folder);
  counters = createCounters(root, (error) => {
    throw error;
  });
}
async function close(): Promise<void> {
  await counters.settled();
  await root.close();
}

beforeEach(open);
afterEach(async () => {
  await close();
  rmSync(folder, { recursive: true, force: true });
});

const from = (ip: string, conta = 'ana@exemplo.com.br', confiavel = false): Tentativa => ({
  tipo: 'pessoa',
  conta,
  ip,
  confiavel,
});

/** Seconds to wait, or 0 when the attempt is let through. */
function wait(tentativa: Tentativa): number {
  try {
    createTentativas(clock, counters).check(tentativa);
    return 0;
  } catch (error) {
    if (error instanceof Problem && error.codigo === 'MUITAS_TENTATIVAS')
      return Number(error.details.headers?.['Retry-After']);
    throw error;
  }
}

function fail(tentativa: Tentativa, times: number): void {
  const tentativas = createTentativas(clock, counters);
  for (let n = 0; n < times; n += 1) {
    now += secondMs;
    tentativas.failed(tentativa);
  }
}

describe('failed log-ins', () => {
  test('ten in fifteen minutes close the account to that network, and the network to every account', () => {
    fail(from('203.0.113.1'), 9);
    expect(wait(from('203.0.113.1'))).toBe(0);
    fail(from('203.0.113.1'), 1);
    expect(wait(from('203.0.113.1'))).toBeWithin(14 * 60, 15 * 60 + 1);
    expect(wait(from('203.0.113.1', 'bia@exemplo.com.br'))).toBeGreaterThan(0);
    now += 15 * minuteMs;
    expect(wait(from('203.0.113.1'))).toBe(0);
  });

  test('the owner elsewhere is not locked out, neither at a known network nor at a new one', () => {
    for (let n = 0; n < 9; n += 1) fail(from(`203.0.113.${n}`), 10);
    expect(wait(from('198.51.100.1'))).toBe(0);
    expect(wait(from('198.51.100.2', 'ana@exemplo.com.br', true))).toBe(0);
  });

  test('guessing from everywhere at once meets a brake that known networks do not feel', () => {
    for (let n = 0; n < 50; n += 1) fail(from(`203.0.113.${n}`), 2);
    expect(wait(from('198.51.100.1'))).toBe(0);
    expect(wait(from('198.51.100.2'))).toBe(10);
    expect(wait(from('198.51.100.3', 'ana@exemplo.com.br', true))).toBe(0);
    expect(wait(from('198.51.100.2', 'bia@exemplo.com.br'))).toBe(0);
    now += 10 * secondMs;
    expect(wait(from('198.51.100.2'))).toBe(0);
  });

  test('an account of one’s own does not buy more attempts at others', () => {
    const tentativas = createTentativas(clock, counters);
    for (let n = 0; n < 10; n += 1) {
      fail(from('203.0.113.1', `vitima-${n}@exemplo.com.br`), 1);
      tentativas.succeeded(from('203.0.113.1', 'eu@exemplo.com.br'));
    }
    expect(wait(from('203.0.113.1', 'outra@exemplo.com.br'))).toBeGreaterThan(0);
  });

  test('ten spread over more than fifteen minutes close nothing, however they fall', () => {
    for (let n = 0; n < 40; n += 1) {
      fail(from('203.0.113.1'), 1);
      now += 100 * secondMs;
      expect(wait(from('203.0.113.1'))).toBe(0);
    }
  });

  test('programs with an old secret do not close the door to people behind the same address', () => {
    fail({ ...from('203.0.113.1', 'um-cliente'), tipo: 'programa' }, 20);
    expect(wait({ ...from('203.0.113.1', 'um-cliente'), tipo: 'programa' })).toBeGreaterThan(0);
    expect(wait(from('203.0.113.1'))).toBe(0);
  });

  test('one IPv6 network is one', () => {
    for (let n = 0; n < 10; n += 1) fail(from(`2001:db8:1:2::${n}`), 1);
    expect(wait(from('2001:db8:1:2::ffff'))).toBeGreaterThan(0);
    expect(wait(from('2001:db8:1:3::1'))).toBe(0);
  });

  test('a restart forgets none', async () => {
    fail(from('203.0.113.1'), 10);
    await close();
    open();
    expect(wait(from('203.0.113.1'))).toBeGreaterThan(0);
  });
});

describe('counters', () => {
  test('what is taken once is taken, over a restart too, until its time is over', async () => {
    expect(counters.takeOnce('x', now, now + 1_000)).toBe(true);
    expect(counters.takeOnce('x', now, now + 1_000)).toBe(false);
    await close();
    open();
    expect(counters.takeOnce('x', now + 999, now + 2_000)).toBe(false);
    expect(counters.takeOnce('x', now + 1_000, now + 2_000)).toBe(true);
  });

  test('sweeping removes what is over and nothing else', async () => {
    counters.takeOnce('curto', now, now + 1_000);
    counters.takeOnce('longo', now, now + 60_000);
    await counters.settled();
    expect(await counters.sweep(now + 1_000)).toBe(1);
    expect(counters.takeOnce('longo', now + 1_000, now + 60_000)).toBe(false);
    expect(counters.takeOnce('curto', now + 1_000, now + 60_000)).toBe(true);
  });
});
