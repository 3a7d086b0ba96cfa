/** Settings of machines. */

import { integer } from '../../core/settings';

export const maquinasSettings = {
  heartbeatIntervalSeconds: integer(
    { env: 'NARCIDI_HEARTBEAT_INTERVAL', description: 'seconds between heartbeats; offline after 3 missed' },
    60,
    1,
    86_400,
  ),
};
