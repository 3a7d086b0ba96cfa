/** When a schedule comes next: croner's patterns on the business clock, in the time zone of the installation. */

import { Cron } from 'croner';
import type { Schedules } from '../../modules/tarefas/tarefas.model';

const fields = 5;

/** @param timeZone IANA name; a local time that a change of daylight saving skips or repeats comes once. */
export function createSchedules(timeZone: string): Schedules {
  return {
    next: (agenda, afterMs) => pattern(agenda, timeZone)?.nextRun(new Date(afterMs))?.getTime() ?? null,
  };
}

/** Without a function croner sets no timer: here it only counts. */
function pattern(agenda: string, timeZone: string): Cron | null {
  // A sixth field would be seconds, and a date would be a single moment: neither is a schedule here.
  if (agenda.trim().split(/\s+/).length !== fields) return null;
  try {
    return new Cron(agenda, { timezone: timeZone });
  } catch {
    return null;
  }
}
