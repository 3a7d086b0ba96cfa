/**
 * One connection for each client id, the newest [MQTT-3.1.4-2]. aedes alone keeps two when a third arrives while the first
 * is being closed, and forgets the wrong one when a connection fails before it is registered.
 */

import type { Aedes } from 'aedes';
import { type InnerClient, innerBroker } from './aedes-internals';

/** Makes a broker register connections of the same client id one after the other. */
export function registerInOrder(aedes: Aedes): void {
  const broker = innerBroker(aedes);
  /** The last registration under way of each client id. */
  const underWay = new Map<string, Promise<void>>();
  const unregister = broker.unregisterClient.bind(broker);

  async function register(client: InnerClient): Promise<void> {
    const current = broker.clients[client.id];
    if (current) await new Promise<void>((resolve) => current.close(resolve));
    if (!client.closed && !broker.closed) broker._finishRegisterClient(client);
  }

  broker.registerClient = (client) => {
    const before = underWay.get(client.id);
    // Without another under way or in place nothing has to wait.
    if (!before && !broker.clients[client.id]) return broker._finishRegisterClient(client);
    const own = (before ?? Promise.resolve())
      .then(() => register(client))
      .finally(() => {
        if (underWay.get(client.id) === own) underWay.delete(client.id);
      });
    underWay.set(client.id, own);
  };

  broker.unregisterClient = (client) => {
    if (broker.clients[client.id] === client) unregister(client);
  };
}
