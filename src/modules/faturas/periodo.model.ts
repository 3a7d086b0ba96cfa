/** Billing periods by the calendar, in the installation's time zone. */

import { DateTime } from 'luxon';

export const periodos = ['mensal', 'trimestral', 'anual'] as const;
export type Periodicidade = (typeof periodos)[number];

const months: Readonly<Record<Periodicidade, number>> = { mensal: 1, trimestral: 3, anual: 12 };

export interface Periodo {
  /** Epoch milliseconds: the first moment of the period, and the first after it. */
  inicio: number;
  fim: number;
}

/**
 * The n-th period since an anchor. Always counted from the anchor, never from the period before: of a subscription that
 * began on 31 January, February's period begins on the 28th or 29th and March's on the 31st again.
 * @param n 0 for the period that begins at the anchor.
 * @param timeZone IANA name; the hour of the day stays what it is there, over changes of daylight saving too.
 */
export function billingPeriod(anchor: number, periodicidade: Periodicidade, n: number, timeZone: string): Periodo {
  const start = DateTime.fromMillis(anchor, { zone: timeZone });
  const step = months[periodicidade];
  return {
    inicio: start.plus({ months: step * n }).toMillis(),
    fim: start.plus({ months: step * (n + 1) }).toMillis(),
  };
}
