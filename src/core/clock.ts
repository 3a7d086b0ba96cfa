/** The one source of time: everything that needs the present moment is handed a Clock. */

export interface Clock {
  /** The present business time in epoch milliseconds, NARCIDI_CLOCK_OFFSET included. */
  now(): number;
}

/**
 * The machine's clock, moved by a fixed number of seconds.
 * @param offsetSeconds seconds added to the real time; negative moves into the past.
 */
export function systemClock(offsetSeconds: number): Clock {
  const offsetMs = Math.round(offsetSeconds * 1000);
  return { now: () => Date.now() + offsetMs };
}

/** Formats epoch milliseconds as an RFC 3339 UTC string ending in `Z`. */
export function rfc3339(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

/** Like `rfc3339`, for moments that may not have come yet. */
export function rfc3339OrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : rfc3339(epochMs);
}

const rfc3339Pattern = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

/**
 * Reads an RFC 3339 date-time, with any offset.
 * @returns epoch milliseconds, or null when the text is not one, including dates that do not exist (30 February).
 */
export function parseRfc3339(text: string): number | null {
  const match = rfc3339Pattern.exec(text);
  if (!match) return null;
  const [, year, month, day, hour, minute] = match.map(Number);
  if (year === undefined || month === undefined || day === undefined || hour === undefined || minute === undefined) {
    return null;
  }
  // Date.parse turns 30 February into 2 March; the round trip tells.
  const calendar = new Date(Date.UTC(year, month - 1, day));
  if (calendar.getUTCMonth() !== month - 1 || calendar.getUTCDate() !== day) return null;
  const epochMs = Date.parse(text);
  return Number.isNaN(epochMs) ? null : epochMs;
}

export const secondMs = 1000;
export const minuteMs = 60 * secondMs;
export const hourMs = 60 * minuteMs;
export const dayMs = 24 * hourMs;
