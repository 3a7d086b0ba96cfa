import { describe, expect, test } from 'bun:test';
import { appendFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { openSpool } from '../../src/agent/spool';
import { scratch } from '../support/executable';

const open = (folder: string, bytesMax = 16 * 1024 ** 2) => {
  const troubles: string[] = [];
  return { spool: openSpool({ folder, bytesMax, onTrouble: (message) => troubles.push(message) }), troubles };
};
const numberIn = (line: string): number => (JSON.parse(line) as { n: number }).n;

type Step = 'append' | 'send' | 'fail' | 'restart' | 'crash in a line' | 'hole';
const steps = fc.array(
  fc.constantFrom<Step>('append', 'append', 'append', 'send', 'fail', 'restart', 'crash in a line', 'hole'),
  { maxLength: 60 },
);

describe('the buffer', () => {
  test('gives everything out in order and nothing twice, over restarts and torn lines', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 4 }), (plan, perList) => {
        const folder = scratch();
        try {
          let { spool } = open(folder.path);
          let written = 0;
          const received: number[] = [];
          const send = (acknowledged: boolean): void => {
            const batch = spool.next(perList);
            if (!batch || !acknowledged) return;
            received.push(...batch.lines.map(numberIn));
            spool.acknowledge(batch);
          };
          const tail = (): string =>
            join(
              folder.path,
              readdirSync(folder.path)
                .filter((f) => f.endsWith('.ndjson'))
                .sort()
                .at(-1) ?? '0000000001.ndjson',
            );
          for (const step of plan) {
            if (step === 'append') spool.append(JSON.stringify({ n: written++ }));
            else if (step === 'send' || step === 'fail') send(step === 'send');
            else {
              if (step === 'crash in a line') appendFileSync(tail(), '{"n":');
              if (step === 'hole') appendFileSync(tail(), `${'\0'.repeat(50)}\n`);
              ({ spool } = open(folder.path));
            }
          }
          for (let lists = 0; spool.next(perList) && lists <= written; lists += 1) send(true);
          expect(received).toEqual(Array.from({ length: written }, (_, n) => n));
        } finally {
          folder.remove();
        }
      }),
      { numRuns: 150 },
    );
  });

  test('is bounded: the oldest go first, and it says so', () => {
    const folder = scratch();
    const bytesMax = 1024 ** 2;
    const { spool, troubles } = open(folder.path, bytesMax);
    const filler = 'x'.repeat(1_000);
    // fsync is what takes the time here: fewer, longer lines would do as well.
    for (let n = 0; n < 1_500; n += 1) spool.append(JSON.stringify({ n, filler }));
    const bytes = readdirSync(folder.path).reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0);
    expect(bytes).toBeLessThan(bytesMax + 128 * 1024);
    expect(troubles.some((message) => message.includes('full'))).toBe(true);
    const numbers: number[] = [];
    for (let batch = spool.next(500); batch; batch = spool.next(500)) {
      numbers.push(...batch.lines.map(numberIn));
      spool.acknowledge(batch);
    }
    expect(numbers[0]).toBeGreaterThan(0);
    expect(numbers).toEqual(Array.from({ length: numbers.length }, (_, n) => n + (numbers[0] ?? 0)));
    expect([numbers.at(-1), spool.waiting()]).toEqual([1_499, 0]);
    folder.remove();
  });
});
