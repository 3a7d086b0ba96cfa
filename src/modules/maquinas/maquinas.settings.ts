/** Settings of machines. */

import { integer } from '../../core/settings';

export const maquinasSettings = {
  heartbeatIntervalSeconds: integer(
    { env: 'NARCIDI_HEARTBEAT_INTERVAL', description: 'seconds between heartbeats; offline after 3 missed' },
    60,
    1,
    86_400,
  ),
  metricsRawHours: integer(
    { env: 'NARCIDI_METRICS_RAW_HOURS', description: 'hours for which every heartbeat is kept' },
    24,
    1,
    8_760,
  ),
  metricsMinuteDays: integer(
    { env: 'NARCIDI_METRICS_MINUTE_DAYS', description: 'days for which each minute is kept' },
    14,
    1,
    3_650,
  ),
  metricsHourDays: integer(
    { env: 'NARCIDI_METRICS_HOUR_DAYS', description: 'days for which each hour is kept' },
    730,
    1,
    3_650,
  ),
};
