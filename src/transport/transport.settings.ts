/** Settings of the two ports. */

import { integer, networks, onOff, text, url } from '../core/settings';

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
  mqttConnectionsMax: integer(
    { env: 'NARCIDI_MQTT_CONNECTIONS', description: 'MQTT connections at once; each takes a file descriptor' },
    20_000,
    1,
    1_000_000,
  ),
  mqttConnectionsPerAddressMax: integer(
    { env: 'NARCIDI_MQTT_CONNECTIONS_PER_ADDRESS', description: 'MQTT connections at once from one address' },
    15_000,
    1,
    1_000_000,
  ),
  mqttPublishesPerSecond: integer(
    { env: 'NARCIDI_MQTT_PUBLISH_RATE', description: 'messages a second of one machine; ten times as many at once' },
    100,
    1,
    1_000_000,
  ),
  tlsCert: text(
    { env: 'NARCIDI_TLS_CERT', flag: 'tls-cert', description: 'PEM certificate; with the key: HTTPS and MQTTS' },
    '',
  ),
  tlsKey: text({ env: 'NARCIDI_TLS_KEY', flag: 'tls-key', description: 'PEM private key' }, ''),
  publicUrl: url(
    {
      env: 'NARCIDI_PUBLIC_URL',
      description: 'address under which people reach this server, for links in mails; the one it listens on when empty',
    },
    '',
  ),
  trustedProxies: networks({
    env: 'NARCIDI_TRUSTED_PROXIES',
    description: 'addresses or networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed',
  }),
  rateLimit: onOff(
    { env: 'NARCIDI_RATE_LIMIT', description: 'on, or off to lift the limits per address (load tests)' },
    true,
  ),
};
