/** An MQTT client that shows every packet it gets, and acknowledges only as told to. */

import { connect } from 'node:net';
import {
  generate,
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
  type Packet,
  parser,
} from 'mqtt-packet';

type QoS = 0 | 1 | 2;

export interface Peer {
  connack: IConnackPacket;
  /** The messages so far, in order. */
  messages: IPublishPacket[];
  /** When false nothing is acknowledged any more. */
  acknowledges: boolean;
  /** @returns the granted codes. */
  subscribe(filters: Record<string, QoS>): Promise<number[]>;
  unsubscribe(...filters: string[]): Promise<void>;
  /** Resolves once the server has acknowledged as the QoS wants it. */
  publish(topic: string, payload: string, qos: QoS, retain?: boolean): Promise<void>;
  /** Waits until the server has answered a ping: what it sent before has come. */
  ping(): Promise<void>;
  /** Waits for so many messages. */
  arrived(count: number): Promise<IPublishPacket[]>;
  /** Says goodbye. */
  disconnect(): Promise<void>;
  /** Is gone without a word. */
  vanish(): Promise<void>;
  closed: Promise<void>;
}

/** Connects; resolves with what CONNACK says, whatever that is. */
export async function mqttPeer(port: number, fields: Partial<IConnectPacket> = {}): Promise<Peer> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const packets = parser();
  const waiting = new Set<(packet: Packet) => void>();
  const messages: IPublishPacket[] = [];
  const send = (packet: Packet): void => void socket.write(generate(packet));
  let messageId = 0;

  /** The next packet that passes. @throws Error when the connection ends before. */
  function next<P extends Packet>(test: (packet: Packet) => packet is P): Promise<P> {
    return new Promise((resolve, reject) => {
      const look = (packet: Packet): void => {
        if (!test(packet)) return;
        waiting.delete(look);
        resolve(packet);
      };
      waiting.add(look);
      void closed.then(() => reject(new Error('the connection ended')));
    });
  }
  const of =
    <C extends Packet['cmd']>(cmd: C, id?: number) =>
    (packet: Packet): packet is Extract<Packet, { cmd: C }> =>
      packet.cmd === cmd && (id === undefined || packet.messageId === id);
  const nextId = (): number => {
    messageId += 1;
    return messageId;
  };

  packets.on('packet', (packet: Packet) => {
    if (packet.cmd === 'publish') {
      messages.push(packet);
      if (peer.acknowledges && packet.qos === 1) send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
      if (peer.acknowledges && packet.qos === 2) send({ cmd: 'pubrec', messageId: packet.messageId ?? 0 });
    }
    if (packet.cmd === 'pubrel' && peer.acknowledges) send({ cmd: 'pubcomp', messageId: packet.messageId ?? 0 });
    for (const look of [...waiting]) look(packet);
  });
  socket.on('data', (chunk: Buffer) => packets.parse(chunk));

  const peer: Omit<Peer, 'connack'> = {
    messages,
    acknowledges: true,
    async subscribe(filters) {
      const id = nextId();
      const answer = next(of('suback', id));
      const subscriptions = Object.entries(filters).map(([topic, qos]) => ({ topic, qos }));
      send({ cmd: 'subscribe', messageId: id, subscriptions });
      return (await answer).granted.map(Number);
    },
    async unsubscribe(...filters) {
      const id = nextId();
      const answer = next(of('unsuback', id));
      send({ cmd: 'unsubscribe', messageId: id, unsubscriptions: filters });
      await answer;
    },
    async publish(topic, payload, qos, retain = false) {
      const id = qos === 0 ? undefined : nextId();
      const packet = { cmd: 'publish', topic, payload, qos, retain, dup: false } as const;
      if (id === undefined) {
        send(packet);
        return peer.ping();
      }
      const answer = qos === 1 ? next(of('puback', id)) : next(of('pubrec', id));
      send({ ...packet, messageId: id });
      await answer;
      if (qos === 1) return;
      const completed = next(of('pubcomp', id));
      send({ cmd: 'pubrel', messageId: id });
      await completed;
    },
    async ping() {
      const answer = next(of('pingresp'));
      send({ cmd: 'pingreq' });
      await answer;
    },
    async arrived(count) {
      while (messages.length < count) await next(of('publish'));
      return messages;
    },
    async disconnect() {
      send({ cmd: 'disconnect' });
      await closed;
    },
    async vanish() {
      socket.destroy();
      await closed;
    },
    closed,
  };

  const connack = next(of('connack'));
  send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clientId: '',
    clean: true,
    keepalive: 60,
    ...fields,
  });
  return Object.assign(peer, { connack: await connack });
}
