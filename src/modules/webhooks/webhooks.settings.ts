/** Settings of webhooks. */

import { integers, onOff } from '../../core/settings';

export const webhooksSettings = {
  webhookBackoffSeconds: integers(
    { env: 'NARCIDI_WEBHOOK_BACKOFF', description: 'seconds between attempts of a webhook' },
    [5, 30, 120, 600, 3600, 21_600, 86_400],
  ),
  webhookAllowPrivate: onOff(
    { env: 'NARCIDI_WEBHOOK_ALLOW_PRIVATE', description: 'on lets webhooks reach private addresses' },
    false,
  ),
};
