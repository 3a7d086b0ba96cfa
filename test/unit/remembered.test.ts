/** Remembered answers against the simplest thing that is right: every change looked through from the beginning. */

import { describe, expect, test } from 'bun:test';
import { array, assert, constantFrom, nat, oneof, property, record, subarray } from 'fast-check';
import { createRemembered, type Rests } from '../../src/core/remembered';

const ids = ['a', 'b', 'c', 'd'];
const questions = ['p', 'q', 'r'];
const step = oneof(
  record({ tipo: constantFrom('change' as const), ids: subarray(ids) }),
  // `late`: so many changes came between the facts being read and the answer being kept.
  record({
    tipo: constantFrom('keep' as const),
    question: constantFrom(...questions),
    ids: subarray(ids),
    late: nat(2),
    ttl: nat(5),
  }),
  record({ tipo: constantFrom('find' as const), question: constantFrom(...questions) }),
  record({ tipo: constantFrom('tick' as const) }),
);

interface Answer extends Rests {
  serial: number;
}

describe('a remembered answer', () => {
  test('is given exactly as long as nothing it rests on has changed and its time has not come', () => {
    assert(
      property(array(step, { minLength: 30, maxLength: 120 }), (steps) => {
        const remembered = createRemembered<Answer>(100, 1_000);
        const changes: ReadonlySet<string>[] = [];
        const kept = new Map<string, { serial: number; ids: string[]; from: number; until: number }>();
        let now = 0;
        for (const [serial, one] of steps.entries()) {
          if (one.tipo === 'tick') now += 1;
          if (one.tipo === 'change') {
            changes.push(new Set(one.ids));
            remembered.changed(new Set(one.ids));
          }
          if (one.tipo === 'keep') {
            const from = Math.max(0, changes.length - one.late);
            const until = now + one.ttl;
            const stamp = remembered.stamp() - (changes.length - from);
            remembered.keep(one.question, { serial, ids: one.ids, stamp, computedAt: now, until });
            kept.set(one.question, { serial, ids: one.ids, from, until });
          }
          if (one.tipo === 'find') {
            const answer = kept.get(one.question);
            const touched = changes.slice(answer?.from).some((change) => answer?.ids.some((id) => change.has(id)));
            const holds = answer !== undefined && now < answer.until && !touched;
            expect(remembered.find(one.question, now)?.serial).toBe(holds ? answer.serial : undefined);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  test('makes room for a newer one, and too many changes forget all', () => {
    const remembered = createRemembered<Answer>(2, 3);
    const rests = { ids: ['a'], computedAt: 0, until: 10 };
    for (const [serial, question] of ['p', 'q', 'r'].entries())
      remembered.keep(question, { ...rests, serial, stamp: remembered.stamp() });
    expect(['p', 'q', 'r'].map((question) => remembered.find(question, 1)?.serial)).toEqual([undefined, 1, 2]);
    remembered.changed(new Set(['w', 'x', 'y']));
    expect(remembered.find('r', 1)?.serial).toBe(2);
    remembered.changed(new Set(['z']));
    expect(remembered.find('r', 1)).toBeNull();
  });
});
