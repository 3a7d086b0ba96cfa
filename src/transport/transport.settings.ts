/** Settings of the two ports. */

import { integer, onOff, text } from '../core/settings';

export const transportSettings = {
  host: text({ env: 'NARCIDI_HOST', flag: 'host', description: 'address of the HTTP port' }, '127.0.0.1'),
  port: integer({ env: 'NARCIDI_PORT', flag: 'port', description: 'HTTP port; 0 for any free one' }, 8080, 0, 65_535),
  mqttHost: text(
    { env: 'NARCIDI_MQTT_HOST', flag: 'mqtt-host', description: 'address of the MQTT port; as host when empty' },
    '',
  ),
  mqttPort: integer(
    { env: 'NARCIDI_MQTT_PORT', flag: 'mqtt-port', description: 'MQTT port; 0 for any free one' },
    1883,
    0,
    65_535,
  ),
  tlsCert: text(
    { env: 'NARCIDI_TLS_CERT', flag: 'tls-cert', description: 'PEM certificate; with the key: HTTPS and MQTTS' },
    '',
  ),
  tlsKey: text({ env: 'NARCIDI_TLS_KEY', flag: 'tls-key', description: 'PEM private key' }, ''),
  rateLimit: onOff(
    { env: 'NARCIDI_RATE_LIMIT', description: 'on, or off to lift the limits per address (load tests)' },
    true,
  ),
};
