/** Connections that replace one another, and whose will is published then. */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mqttPeer } from '../support/mqtt-peer';
import { type OpenBroker, openBroker } from '../support/open-broker';

let broker: OpenBroker;
let port: number;
beforeAll(async () => {
  broker = await openBroker({});
  ({ port } = broker);
});
afterAll(() => broker.stop());

const willOf = (payload: string) => ({
  topic: 'conexao',
  payload: Buffer.from(payload),
  qos: 1 as const,
  retain: true,
});

/** The will that would be published if the server died now. */
async function storedWill(id: string): Promise<string | undefined> {
  return (await broker.persistence.getWill({ id }))?.payload?.toString();
}

test('the stored will of the newer connection stays when the older one ends', async () => {
  const witness = await mqttPeer(port, { clientId: 'witness' });
  await witness.subscribe({ conexao: 1 });
  const first = await mqttPeer(port, { clientId: 'm', will: willOf('s1') });
  expect(await storedWill('m')).toBe('s1');
  const second = await mqttPeer(port, { clientId: 'm', will: willOf('s2') });
  await first.closed;
  await second.ping();
  expect(await storedWill('m')).toBe('s2');
  // The machine is connected: the will of its session before says nothing true.
  await witness.ping();
  expect(witness.messages).toEqual([]);
  await second.vanish();
  expect((await witness.arrived(1)).map(({ payload }) => String(payload))).toEqual(['s2']);
  await witness.ping();
  expect(await storedWill('m')).toBeUndefined();
  await witness.disconnect();
});

test('a goodbye takes the stored will with it', async () => {
  const peer = await mqttPeer(port, { clientId: 'polite', will: willOf('s1') });
  await peer.disconnect();
  const again = await mqttPeer(port, { clientId: 'polite' });
  expect(await storedWill('polite')).toBeUndefined();
  await again.disconnect();
});

test.each([true, false])('of many at once only the last is left (clean session: %p)', async (clean) => {
  const peers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      mqttPeer(port, { clientId: 'crowd', clean, will: willOf(`s${n}`) }).catch(() => null),
    ),
  );
  const last = await mqttPeer(port, { clientId: 'crowd', clean, will: willOf('last') });
  for (const peer of peers) await peer?.closed;
  await last.subscribe({ 'crowd/x': 1 });
  await last.publish('crowd/x', 'hello', 1);
  expect((await last.arrived(1)).length).toBe(1);
  expect(await storedWill('crowd')).toBe('last');
  await last.disconnect();
});
