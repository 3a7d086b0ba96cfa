/**
 * Counters on LMDB: key = the first 16 bytes of SHA-256 of the counter's name, value = when it is over and the moments
 * counted, float64 each. What was counted last is in memory as well, for a write is on the disk only a moment later.
 */

import { createHash } from 'node:crypto';
import type { RootDatabase } from 'lmdb';
import type { Counters } from '../../core/counters';
import { openBytes } from './open';

const keyBytes = 16;
const numberBytes = 8;
const memoryMax = 20_000;
/** Beyond so many, an attack from everywhere at once is counted in memory only. */
const storedMax = 500_000;
const removalsPerTransaction = 500;

interface Entry {
  until: number;
  times: number[];
}

export function createCounters(root: RootDatabase, onError: (error: unknown) => void): Counters {
  const db = openBytes(root, 'contadores');
  const memory = new Map<string, Entry>();
  const writing = new Set<Promise<unknown>>();

  function read(id: string, now: number): Entry | null {
    const known = memory.get(id) ?? decode(db.get(Buffer.from(id, 'hex')));
    return known && now < known.until ? known : null;
  }

  function write(id: string, entry: Entry): void {
    // Deleted first, so that the map stays in the order of writing and the oldest, long on the disk, makes room.
    memory.delete(id);
    memory.set(id, entry);
    const oldest = memory.keys().next();
    if (memory.size > memoryMax && !oldest.done) memory.delete(oldest.value);
    if (storedCount() < storedMax) track(db.put(Buffer.from(id, 'hex'), encode(entry)));
  }

  function track(promise: Promise<unknown>): void {
    const tracked: Promise<unknown> = promise.catch(onError).finally(() => writing.delete(tracked));
    writing.add(tracked);
  }

  function storedCount(): number {
    const { entryCount } = db.getStats() as { entryCount?: number };
    return entryCount ?? 0;
  }

  return {
    times: (key, now) => read(idOf(key), now)?.times ?? [],

    hit(key, now, { keep, windowMs }) {
      const id = idOf(key);
      const recent = (read(id, now)?.times ?? []).filter((at) => at > now - windowMs);
      write(id, { until: now + windowMs, times: [...recent, now].slice(-keep) });
    },

    clear(key) {
      const id = idOf(key);
      memory.delete(id);
      track(db.remove(Buffer.from(id, 'hex')));
    },

    takeOnce(key, now, untilMs) {
      const id = idOf(key);
      if (read(id, now)) return false;
      write(id, { until: untilMs, times: [] });
      return true;
    },

    async sweep(now) {
      for (const [id, { until }] of memory) if (now >= until) memory.delete(id);
      let removed = 0;
      let cut: Promise<boolean>[] = [];
      for (const { key, value } of db.getRange({})) {
        const entry = decode(value);
        if (entry && now < entry.until) continue;
        cut.push(db.remove(Buffer.from(key)));
        removed += 1;
        if (cut.length < removalsPerTransaction) continue;
        await Promise.all(cut);
        cut = [];
      }
      await Promise.all(cut);
      return removed;
    },

    async settled() {
      await Promise.all(writing);
    },
  };
}

function idOf(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, keyBytes).toString('hex');
}

function encode({ until, times }: Entry): Buffer {
  const value = Buffer.allocUnsafe((1 + times.length) * numberBytes);
  value.writeDoubleLE(until, 0);
  for (const [n, at] of times.entries()) value.writeDoubleLE(at, (n + 1) * numberBytes);
  return value;
}

function decode(value: Buffer | undefined): Entry | null {
  if (!value || value.length < numberBytes) return null;
  const times: number[] = [];
  for (let at = numberBytes; at + numberBytes <= value.length; at += numberBytes) times.push(value.readDoubleLE(at));
  return { until: value.readDoubleLE(0), times };
}
