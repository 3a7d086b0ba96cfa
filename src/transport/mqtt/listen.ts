/** The broker's TCP or TLS port. */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { OperationalError } from '../../core/operational-error';
import type { Broker } from './broker';

export interface MqttListener {
  url: string;
  stop(): Promise<void>;
}

interface ListenOptions {
  host: string;
  port: number;
  tls: { cert: string; key: string } | null;
}

/** Listens. @throws OperationalError when the port is taken or may not be used. */
export async function listenMqtt(broker: Broker, { host, port, tls }: ListenOptions): Promise<MqttListener> {
  const onConnection = (socket: Socket): void => {
    // Small packets go out at once: a block must not wait for more to say.
    socket.setNoDelay(true);
    broker.handle(socket, socket.remoteAddress ?? null, tls ? 'tls' : 'tcp');
  };
  const server: Server = tls
    ? createTlsServer({ cert: tls.cert, key: tls.key }, onConnection)
    : createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new OperationalError(`cannot listen for MQTT on ${host}:${port} (${error.code}); is the port in use?`));
    });
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  const shown = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  const authority = shown.includes(':') ? `[${shown}]` : shown;
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://${authority}:${bound}`,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
