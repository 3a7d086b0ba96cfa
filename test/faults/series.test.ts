/** Whatever moment a compaction is killed at, every heartbeat that was acknowledged counts, and counts once. */

import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HeartbeatPoint } from '../../src/modules/maquinas/series.store';
import { bucketsOf, expectedOf, scratchSeries } from '../unit/series-support';
import { batchOf, maquinas } from './series-child';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'narcidi-series-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the child until it has stored so many batches. @returns the number of the last one it said is stored. */
async function killAfter(batches: number): Promise<{ lastStored: number; removed: number }> {
  const code = `import { storeAndCompactForEver } from './series-child'; await storeAndCompactForEver(process.argv[1]);`;
  const child = Bun.spawn([process.execPath, '-e', code, folder], {
    cwd: import.meta.dir,
    stdout: 'pipe',
    stderr: 'inherit',
  });
  let lastStored = -1;
  let removed = 0;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop() ?? '';
    for (const [what, ...numbers] of parts.map((line) => line.split(' '))) {
      if (what === 'stored') lastStored = Number(numbers[0]);
      if (what === 'compacted') removed += Number(numbers[1]);
    }
    if (lastStored >= batches) child.kill('SIGKILL');
  }
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  return { lastStored, removed };
}

describe('kill -9 during compaction', () => {
  test.each([300, 900])(
    'after %i batches loses nothing and counts nothing twice',
    async (batches) => {
      const { lastStored, removed } = await killAfter(batches);
      expect(removed).toBeGreaterThan(1_000);
      const scratch = scratchSeries(folder);
      const pointsOf = (upTo: number) => {
        const points = new Map<string, HeartbeatPoint[]>();
        for (let number = 0; number <= upTo; number += 1) {
          const batch = batchOf(number);
          points.set(batch.maquinaId, [...(points.get(batch.maquinaId) ?? []), ...batch.points]);
        }
        return points;
      };
      const acknowledged = pointsOf(lastStored);
      // The batch that was on its way may have been stored without there having been time to say so.
      const unsaid = batchOf(lastStored + 1);
      for (const id of maquinas) {
        const counted = (await bucketsOf(scratch.store, id, 'hora')).reduce((sum, [, count]) => sum + count, 0);
        const due = acknowledged.get(id)?.length ?? 0;
        const allowed = id === unsaid.maquinaId ? [due, due + unsaid.points.length] : [due];
        expect(allowed).toContain(counted);
      }
      // Everything sent again, by machines that do not know what arrived, changes nothing.
      for (let number = 0; number <= lastStored + 1; number += 1) {
        const { maquinaId, points } = batchOf(number);
        await scratch.store.append(maquinaId, points, 0);
      }
      for (let round = 0; round < 2; round += 1) {
        for (const [id, points] of pointsOf(lastStored + 1)) {
          expect(await bucketsOf(scratch.store, id, 'hora')).toEqual(expectedOf(points, 'hora'));
        }
        await scratch.compact();
      }
      await scratch.root.close();
    },
    60_000,
  );
});
