/** Both ports, and the one certificate they show. */

import { readNetworks } from '../core/address';
import { OperationalError } from '../core/operational-error';
import type { Settings } from '../settings';
import { openCertificate } from '../transport/certificate';
import { listenHttp } from '../transport/http/listen';
import type { HttpHandler } from '../transport/http/server';
import type { WebSockets } from '../transport/http/websocket';
import type { Broker } from '../transport/mqtt/broker';
import { listenMqtt } from '../transport/mqtt/listen';
import type { Adapters } from './adapters';

interface Parts {
  broker: Broker;
  handler: HttpHandler;
  sockets: WebSockets;
}

export type Ports = Awaited<ReturnType<typeof openPorts>>;

/** Listens on both. @throws OperationalError when a port is taken or the certificate cannot be used. */
export async function openPorts({ settings, log, addresses, onError }: Adapters, { broker, handler, sockets }: Parts) {
  const certificate = openTls(settings);
  const tls = certificate?.pair() ?? null;
  const mqtt = await listenMqtt(broker, {
    host: settings.mqttHost || settings.host,
    port: settings.mqttPort,
    tls,
    onError: onError('mqtt'),
  });
  addresses.mqtt = mqtt.url;
  const trustedProxies = readNetworks(settings.trustedProxies);
  const http = listenHttp(handler, { host: settings.host, port: settings.port, tls, sockets, trustedProxies });
  addresses.url = http.url;
  certificate?.watch({
    onChange: (pair) => {
      mqtt.replaceCertificate(pair);
      http.replaceCertificate(pair);
      log.info({ arquivo: settings.tlsCert }, 'certificate replaced');
    },
    onError: (error) => log.error({ err: error }, 'the certificate was not replaced; the one before stays in use'),
  });

  return {
    async stopHttp(): Promise<void> {
      certificate?.stop();
      await http.stop();
    },
    stopMqtt: (): Promise<void> => mqtt.stop(),
  };
}

/** @throws OperationalError when only half of the pair is given or it cannot be used. */
function openTls({ tlsCert, tlsKey }: Settings) {
  if (!tlsCert && !tlsKey) return null;
  if (!tlsCert || !tlsKey) throw new OperationalError('TLS needs both NARCIDI_TLS_CERT and NARCIDI_TLS_KEY');
  return openCertificate({ certPath: tlsCert, keyPath: tlsKey });
}
