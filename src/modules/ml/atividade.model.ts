/** How much a machine was heard, day by day: what presence looks like from a distance. */

import { dayMs } from '../../core/clock';

/** The weeks before a moment. */
export interface Activity {
  /** Milliseconds since it was last heard; as long as was looked back when it was not. */
  silentForMs: number;
  /** Heartbeats of the last 7 days. */
  lastWeekCount: number;
  /** Heartbeats of the 21 days before those. */
  weeksBeforeCount: number;
}

export const activityMs = 28 * dayMs;
const weekMs = 7 * dayMs;

/** A stretch of time with heartbeats in it. */
interface Heard {
  em: number;
  spanMs: number;
  count: number;
}

/** Adds up what was heard in the four weeks before a moment; what is outside them does not count. */
export function createActivity(at: number) {
  const activity: Activity = { silentForMs: activityMs, lastWeekCount: 0, weeksBeforeCount: 0 };
  return {
    add({ em, spanMs, count }: Heard): void {
      if (em > at || em < at - activityMs || count === 0) return;
      activity.silentForMs = Math.max(0, Math.min(activity.silentForMs, at - em - spanMs));
      if (em >= at - weekMs) activity.lastWeekCount += count;
      else activity.weeksBeforeCount += count;
    },
    result: (): Activity => activity,
  };
}
