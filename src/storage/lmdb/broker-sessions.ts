/** When each client's session was last used, so that those nobody returns to can be removed. */

import { hourMs } from '../../core/clock';
import { clientKey, clientOf, decodeNumber, encodeNumber } from './broker-codec';
import type { Batch, Tables } from './broker-tables';

/** A session used again within this time is not written again. */
const useGranularityMs = hourMs;

/**
 * Whatever else is stored for a client, a session is stored with it: a client without one has nothing stored.
 * Kept in memory: a number a session.
 */
export function createSessions(tables: Tables) {
  const table = tables.table('sessions');
  const usedAt = new Map<string, number>();

  function write(batch: Batch, clientId: string, now: number): void {
    const key = clientKey(clientId);
    usedAt.set(clientId, now);
    batch.put(table, key, encodeNumber(now));
    batch.settled((stored) => {
      if (stored) return;
      const value = table.get(key);
      if (value) usedAt.set(clientId, decodeNumber(value));
      else usedAt.delete(clientId);
    });
  }

  return {
    /** Reads what is stored. */
    load(): void {
      for (const { key, value } of table.rows()) usedAt.set(clientOf(key), decodeNumber(value));
    },

    has: (clientId: string): boolean => usedAt.has(clientId),

    /** Makes sure of a session for what is about to be stored for a client. */
    ensure(batch: Batch, clientId: string, now: number): void {
      if (!usedAt.has(clientId)) write(batch, clientId, now);
    },

    /** Notes that the session is in use now, if there is one. */
    touch(batch: Batch, clientId: string, now: number): void {
      const before = usedAt.get(clientId);
      if (before === undefined) return;
      if (Math.abs(now - before) >= useGranularityMs) write(batch, clientId, now);
    },

    forget(batch: Batch, clientId: string): void {
      const before = usedAt.get(clientId);
      if (before === undefined) return;
      usedAt.delete(clientId);
      batch.remove(table, clientKey(clientId));
      batch.settled((stored) => {
        if (!stored && !usedAt.has(clientId)) usedAt.set(clientId, before);
      });
    },

    /** The clients whose session was last used at that time or before. */
    *unusedSince(epochMs: number): Generator<string> {
      for (const [clientId, used] of usedAt) if (used <= epochMs) yield clientId;
    },
  };
}
