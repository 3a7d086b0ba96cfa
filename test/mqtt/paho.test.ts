/**
 * The interoperability behaviours of MQTT 3.1.1 that the Eclipse Paho project tests brokers for (client_test.py), each under
 * its name there. The protocol is ours with a policy that lets everybody do everything, except subscribe to `nosubscribe`.
 */

import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { IPublishPacket } from 'mqtt-packet';
import { mqttPeer } from '../support/mqtt-peer';
import { type OpenBroker, openBroker } from '../support/open-broker';
import { mqttString, packet, raw } from '../support/raw-mqtt';

const topics = ['TopicA', 'TopicA/B', 'Topic/C', 'TopicA/C', '/TopicA'] as const;
const wildcards = ['TopicA/+', '+/C', '#', '/#', '/+', '+/+', 'TopicA/#'] as const;
const notSubscribable = 'nosubscribe';

let broker: OpenBroker;
let port: number;
beforeAll(async () => {
  broker = await openBroker({ notSubscribable });
  ({ port } = broker);
});
afterAll(() => broker.stop());

/** What matters of messages. */
const seen = (messages: IPublishPacket[]) => messages.map(({ topic, payload, qos }) => `${qos} ${topic} ${payload}`);

let serial = 0;
const clientId = (): string => {
  serial += 1;
  return `paho-${serial}`;
};

test('basic: three messages of three QoS come back, each once', async () => {
  const client = await mqttPeer(port, { clientId: clientId() });
  await client.disconnect();
  const again = await mqttPeer(port, { clientId: clientId() });
  expect(await again.subscribe({ [topics[0]]: 2 })).toEqual([2]);
  for (const qos of [0, 1, 2] as const) await again.publish(topics[0], `qos ${qos}`, qos);
  expect(seen(await again.arrived(3))).toEqual(['0 TopicA qos 0', '1 TopicA qos 1', '2 TopicA qos 2']);
  await again.unsubscribe(topics[0]);
  await again.publish(topics[0], 'after', 1);
  await again.ping();
  expect(again.messages.length).toBe(3);
  await again.disconnect();
});

test('retained: kept for later subscribers at their QoS, and cleared by an empty one', async () => {
  const client = await mqttPeer(port, { clientId: clientId() });
  await client.publish(topics[1], 'qos 0', 0, true);
  await client.publish(topics[2], 'qos 1', 1, true);
  await client.publish(topics[3], 'qos 2', 2, true);
  await client.subscribe({ [wildcards[5]]: 2 });
  const messages = await client.arrived(3);
  expect(seen(messages).sort()).toEqual(['0 TopicA/B qos 0', '1 Topic/C qos 1', '2 TopicA/C qos 2'].sort());
  expect(messages.every(({ retain }) => retain)).toBe(true);
  await client.disconnect();

  const low = await mqttPeer(port, { clientId: clientId() });
  await low.subscribe({ [wildcards[5]]: 0 });
  expect((await low.arrived(3)).map(({ qos }) => qos)).toEqual([0, 0, 0]);
  for (const topic of topics.slice(1, 4)) await low.publish(topic, '', 1, true);
  await low.disconnect();

  const after = await mqttPeer(port, { clientId: clientId() });
  await after.subscribe({ [wildcards[5]]: 2 });
  await after.ping();
  expect(after.messages).toEqual([]);
  await after.disconnect();
});

test('zero-length client id: refused with a session, taken without one', async () => {
  // The library will not write such a packet.
  const emptyWithSession = packet(0x10, mqttString('MQTT'), [4, 0, 0, 60], mqttString(''));
  const { closed } = raw(`mqtt://127.0.0.1:${port}`, [emptyWithSession]);
  expect((await closed).toString('hex')).toBe('20020002');
  const client = await mqttPeer(port, { clientId: '', clean: true });
  expect([client.connack.returnCode, client.connack.sessionPresent]).toEqual([0, false]);
  await client.disconnect();
});

test('offline queueing: what was sent meanwhile is delivered on return', async () => {
  const id = clientId();
  const client = await mqttPeer(port, { clientId: id, clean: false });
  await client.subscribe({ [wildcards[5]]: 2 });
  await client.disconnect();
  const other = await mqttPeer(port, { clientId: clientId() });
  await other.publish(topics[1], 'qos 0', 0);
  await other.publish(topics[2], 'qos 1', 1);
  await other.publish(topics[3], 'qos 2', 2);
  await other.disconnect();
  const back = await mqttPeer(port, { clientId: id, clean: false });
  expect(back.connack.sessionPresent).toBe(true);
  expect(seen(await back.arrived(2))).toEqual(['1 Topic/C qos 1', '2 TopicA/C qos 2']);
  await back.disconnect();
  const clean = await mqttPeer(port, { clientId: id, clean: true });
  expect(clean.connack.sessionPresent).toBe(false);
  await clean.disconnect();
});

test('overlapping subscriptions: one message, at the highest QoS granted', async () => {
  for (const filters of [
    { [wildcards[6]]: 2, [wildcards[0]]: 1 },
    { [wildcards[0]]: 1, [wildcards[6]]: 2 },
    { [wildcards[0]]: 0, [wildcards[6]]: 1, [wildcards[1]]: 2 },
    { [topics[3]]: 0, [wildcards[6]]: 2 },
    { [wildcards[6]]: 2, [topics[3]]: 1 },
  ] as const) {
    const client = await mqttPeer(port, { clientId: clientId() });
    await client.subscribe(filters);
    await client.publish(topics[3], 'overlapping', 2);
    await client.arrived(1);
    await client.ping();
    expect(seen(client.messages)).toEqual(['2 TopicA/C overlapping']);
    await Promise.all(['a', 'b', 'c'].map((text) => client.publish(topics[3], text, 2)));
    expect(seen(await client.arrived(4)).slice(1)).toEqual(['2 TopicA/C a', '2 TopicA/C b', '2 TopicA/C c']);
    await client.disconnect();
  }
});

test('keepalive: who says nothing for one and a half times as long is cut off, and its will is published', async () => {
  const witness = await mqttPeer(port, { clientId: clientId() });
  await witness.subscribe({ [topics[4]]: 2 });
  const will = { topic: topics[4], payload: Buffer.from('keepalive expiry'), qos: 1 as const, retain: false };
  const silent = await mqttPeer(port, { clientId: clientId(), keepalive: 1, will });
  const talking = await mqttPeer(port, { clientId: clientId(), keepalive: 1, will: { ...will, topic: topics[4] } });
  const pings = setInterval(() => void talking.ping(), 400);
  await silent.closed;
  expect(seen(await witness.arrived(1))).toEqual(['1 /TopicA keepalive expiry']);
  clearInterval(pings);
  await talking.ping();
  await talking.disconnect();
  await witness.ping();
  expect(witness.messages.length).toBe(1);
  await witness.disconnect();
});

test('redelivery on reconnect: what was not acknowledged comes again, marked as a duplicate', async () => {
  const id = clientId();
  const client = await mqttPeer(port, { clientId: id, clean: false });
  await client.subscribe({ [wildcards[6]]: 2 });
  client.acknowledges = false;
  const other = await mqttPeer(port, { clientId: clientId() });
  await other.publish(topics[1], 'first', 1);
  await other.publish(topics[3], 'second', 2);
  const ids = (await client.arrived(2)).map(({ messageId }) => messageId);
  await client.vanish();
  const back = await mqttPeer(port, { clientId: id, clean: false });
  const messages = await back.arrived(2);
  expect(seen(messages)).toEqual(['1 TopicA/B first', '2 TopicA/C second']);
  // [MQTT-4.4.0-1], [MQTT-3.3.1-1]
  expect(messages.map(({ messageId, dup }) => [messageId, dup])).toEqual(ids.map((messageId) => [messageId, true]));
  await back.ping();
  await back.disconnect();
  const third = await mqttPeer(port, { clientId: id, clean: false });
  await third.ping();
  expect(third.messages).toEqual([]);
  await third.disconnect();
  await other.disconnect();
});

test('subscribe failure: 0x80, and the others of the same packet are granted', async () => {
  const client = await mqttPeer(port, { clientId: clientId() });
  expect(await client.subscribe({ [notSubscribable]: 2 })).toEqual([0x80]);
  expect(await client.subscribe({ [topics[0]]: 1, [notSubscribable]: 2, [topics[1]]: 0 })).toEqual([1, 0x80, 0]);
  await client.publish(notSubscribable, 'x', 1);
  await client.ping();
  expect(client.messages).toEqual([]);
  await client.disconnect();
});

test('$-topics: filters that begin with a wildcard do not take them', async () => {
  const client = await mqttPeer(port, { clientId: clientId() });
  await client.subscribe({ [wildcards[2]]: 2, [wildcards[5]]: 2 });
  await client.publish(`$${topics[1]}`, 'hidden', 1);
  await client.publish(topics[1], 'shown', 1);
  expect(seen(await client.arrived(1))).toEqual(['1 TopicA/B shown']);
  await client.ping();
  expect(client.messages.length).toBe(1);
  await client.subscribe({ [`$${wildcards[0]}`]: 1 });
  await client.publish(`$${topics[1]}`, 'asked for', 1);
  expect(seen(await client.arrived(2))[1]).toBe('1 $TopicA/B asked for');
  await client.disconnect();
});

test('will: published when the client is lost, not when it says goodbye', async () => {
  const witness = await mqttPeer(port, { clientId: clientId() });
  await witness.subscribe({ [topics[2]]: 2 });
  const will = { topic: topics[2], payload: Buffer.from('will'), qos: 2 as const, retain: true };
  const polite = await mqttPeer(port, { clientId: clientId(), will });
  await polite.disconnect();
  await witness.ping();
  expect(witness.messages).toEqual([]);
  const lost = await mqttPeer(port, { clientId: clientId(), will });
  await lost.vanish();
  expect(seen(await witness.arrived(1))).toEqual(['2 Topic/C will']);
  await witness.publish(topics[2], '', 1, true);
  await witness.disconnect();
});
