/** Identifiers: UUIDv7 (RFC 9562), so that the order of ids is the order of creation. */

export interface Ids {
  /** A new UUIDv7 stamped with the given epoch milliseconds; monotonic within one millisecond. */
  next(nowMs: number): string;
}

export const uuidV7: Ids = { next: (nowMs) => Bun.randomUUIDv7('hex', nowMs) };

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text has the form of a UUID of any version. */
export function isUuid(text: string): boolean {
  return text.length === 36 && uuidPattern.test(text);
}
