/** Which backups are kept: pure rules. */

import { DateTime } from 'luxon';
import { dayMs } from '../../core/clock';

export interface Keep {
  daily: number;
  weekly: number;
  monthly: number;
}

interface Kept {
  id: string;
  criado_em: number;
}

/** Everything of the last day is kept, up to this many: who has just made a backup by hand wants it there. */
const recentMax = 20;

/**
 * The backups that retention removes: all but those of the last day and the newest of each of the last days, weeks and
 * months that have one, by the calendar of the time zone. The newest of all always stays.
 */
export function expiredBackups<T extends Kept>(backups: readonly T[], keep: Keep, now: number, timeZone: string): T[] {
  const newestFirst = [...backups].sort((a, b) => b.criado_em - a.criado_em || (a.id < b.id ? 1 : -1));
  const kept = new Set(newestFirst.slice(0, 1));
  for (const backup of newestFirst.slice(0, recentMax)) if (now - backup.criado_em < dayMs) kept.add(backup);
  for (const [format, count] of [
    ['yyyy-MM-dd', keep.daily],
    ["kkkk-'W'WW", keep.weekly],
    ['yyyy-MM', keep.monthly],
  ] as const) {
    const periods = new Set<string>();
    for (const backup of newestFirst) {
      const period = DateTime.fromMillis(backup.criado_em, { zone: timeZone }).toFormat(format);
      if (periods.has(period) || periods.size >= count) continue;
      periods.add(period);
      kept.add(backup);
    }
  }
  return newestFirst.filter((backup) => !kept.has(backup));
}

/** The setting NARCIDI_BACKUP_KEEP: what is left out is kept as by default. */
export function keepOf([daily = 7, weekly = 4, monthly = 12]: readonly number[]): Keep {
  return { daily, weekly, monthly };
}
