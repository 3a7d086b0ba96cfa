/** The broker's TCP or TLS port. */

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { localAuthority } from '../../core/address';
import { minuteMs, secondMs } from '../../core/clock';
import { OperationalError } from '../../core/operational-error';
import type { KeyPair } from '../certificate';
import type { Broker } from './broker';

/** Connections that wait to be taken: after a restart every machine comes back at once. */
const backlogMax = 4_096;
const handshakeTimeoutMs = 10 * secondMs;
/** What a client without a keepalive of its own is asked for, so that one that vanished is noticed. */
const tcpKeepAliveMs = minuteMs;

export interface MqttListener {
  url: string;
  /** Has connections from now on see another certificate; those there are stay. */
  replaceCertificate(pair: KeyPair): void;
  stop(): Promise<void>;
}

interface ListenOptions {
  host: string;
  port: number;
  tls: KeyPair | null;
  /** Hears of failures once it listens, such as having no file descriptor left. */
  onError(error: unknown): void;
}

/** Listens. @throws OperationalError when the port is taken or may not be used. */
export async function listenMqtt(broker: Broker, { host, port, tls, onError }: ListenOptions): Promise<MqttListener> {
  const onConnection = (socket: Socket): void => {
    // Small packets go out at once: a block must not wait for more to say.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveMs);
    broker.handle(socket, socket.remoteAddress ?? null, tls ? 'tls' : 'tcp');
  };
  const secure = tls ? createTlsServer({ ...tls, handshakeTimeout: handshakeTimeoutMs }, onConnection) : null;
  secure?.on('tlsClientError', (_error: Error, socket: TLSSocket) => socket.destroy());
  const server: Server = secure ?? createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(new OperationalError(`cannot listen for MQTT on ${host}:${port} (${error.code}); is the port in use?`));
    });
    server.listen({ host, port, backlog: backlogMax }, resolve);
  });
  server.on('error', onError);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `${tls ? 'mqtts' : 'mqtt'}://${localAuthority(host, bound)}`,
    replaceCertificate: (pair) => secure?.setSecureContext({ ...pair }),
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
