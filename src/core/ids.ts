/** Identifiers: UUIDv7 (RFC 9562), so that the order of ids is the order of creation. */

export interface Ids {
  /** A new UUIDv7 stamped with the given epoch milliseconds; monotonic within one millisecond. */
  next(nowMs: number): string;
}

export const uuidV7: Ids = { next: (nowMs) => Bun.randomUUIDv7('hex', nowMs) };
