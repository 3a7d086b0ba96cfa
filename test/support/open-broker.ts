/** Our MQTT protocol with a policy that lets everybody do everything, on a port and a folder of its own. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock';
import { type BrokerPersistence, createBrokerPersistence } from '../../src/storage/lmdb/broker-persistence';
import { openLmdb } from '../../src/storage/lmdb/open';
import { createConnections } from '../../src/transport/mqtt/connections';
import { createCounters } from '../../src/transport/mqtt/counters';
import { createProtocol } from '../../src/transport/mqtt/protocol';
import { createWills } from '../../src/transport/mqtt/wills';

const clock = systemClock(0);

export interface OpenBroker {
  port: number;
  persistence: BrokerPersistence;
  stop(): Promise<void>;
}

export async function openBroker({ notSubscribable = '' }): Promise<OpenBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'narcidi-broker-'));
  const root = openLmdb(folder);
  const persistence = createBrokerPersistence({ root, clock });
  const counters = createCounters();
  const limits = { connectionsMax: 100, perAddressMax: null };
  const connections = createConnections({ limits, counters, onGone: () => undefined });
  const fail = (error: unknown): never => {
    throw error;
  };
  const wills = createWills({ persistence, connections, onError: fail });
  const protocol = await createProtocol({
    persistence,
    connections,
    counters,
    wills,
    policy: {
      authenticate: (client, _name, _password, done) => {
        if (client.id.startsWith('aedes_') && !client.clean) {
          done(Object.assign(new Error('no client id'), { returnCode: 2 }), null);
          return;
        }
        connections.identified(client, { maquinaId: client.id, tokenHmac: '' });
        done(null, true);
      },
      authorizePublish: (client, packet, done) => {
        const late = client !== null && wills.isLate(client, client.id, packet);
        done(late ? new Error('late') : null);
      },
      authorizeSubscribe: (_client, subscription, done) =>
        done(null, subscription.topic === notSubscribable ? null : subscription),
      endsHere: () => false,
      opened: () => undefined,
    },
    onError: fail,
  });
  const server = createServer((socket) => protocol.handle(socket, '127.0.0.1', 'tcp'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    persistence,
    stop: async () => {
      server.close();
      await protocol.close();
      await root.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
