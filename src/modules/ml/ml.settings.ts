/** Settings of predictions. */

import { integer } from '../../core/settings';

export const mlSettings = {
  falsosAlarmesPorSemana: integer(
    {
      env: 'NARCIDI_FALSE_ALARMS_PER_WEEK',
      description: 'how many suspicions a week may be by chance alone; fewer makes the rules slower to speak',
    },
    1,
    1,
    1_000,
  ),
};
