/** Everything in MQTT 3.1.1 that a server must not take, byte by byte; a second machine is connected and notices nothing. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Socket } from 'node:net';
import type { MqttClient } from 'mqtt';
import { type Answer, activate, connectMachine, createLicenca, startServer, type TestServer } from '../support/app';
import { connectPacket, mqttString, packet, publishPacket, raw } from '../support/raw-mqtt';

let server: TestServer;
let activation: Answer['body'];
let foreign: Answer['body'];
let witness: MqttClient;
let own: string;
beforeAll(async () => {
  server = await startServer();
  const { licenca } = await createLicenca(server, { limite_maquinas: 2 });
  activation = (await activate(server, licenca.chave)).body;
  foreign = (await activate(server, licenca.chave)).body;
  own = `narcidi/v1/maquinas/${activation.maquina.id}`;
  witness = await connectMachine(foreign);
});
afterAll(async () => {
  await witness.endAsync();
  await server.stop();
});

const type = { connect: 0x10, connack: 0x20, publish: 0x30, puback: 0x40, suback: 0x90 };
const heartbeat = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });
const accepted = '20020000';

/** What comes back until the server ends the connection, as hexadecimal; the witness is served all the while. */
async function answerTo(bytes: Buffer): Promise<string> {
  return served(raw(server.mqttUrl, [bytes]).closed);
}

/** The same once the machine is connected. */
async function answerOnceConnected(bytes: Buffer): Promise<string> {
  const { socket, closed } = raw(server.mqttUrl, [connectPacket(activation)]);
  await answered(socket, accepted);
  socket.write(bytes);
  return served(closed);
}

async function served(closed: Promise<Buffer>): Promise<string> {
  const answer = await closed;
  await witness.publishAsync(foreign.mqtt.topicos.heartbeat, heartbeat, { qos: 1 });
  expect(witness.connected).toBe(true);
  return answer.toString('hex');
}

/** Waits until all of some answers have come, in any order of their bytes. */
function answered(socket: Socket, hex: string): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const count = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes < hex.length / 2) return;
      socket.off('data', count);
      resolve();
    };
    socket.on('data', count);
  });
}

/** A CONNECT whose variable header and payload are given as they are. */
const bareConnect = (...content: (Buffer | number[] | string)[]) => packet(type.connect, ...content);
const protocol = mqttString('MQTT');
/** The identifier, name and password of the machine. */
const credential = () => {
  const { client_id, usuario, senha } = activation.mqtt;
  return [mqttString(client_id), mqttString(usuario), mqttString(senha)];
};
const flags = { clean: 0x02, will: 0x04, willQos3: 0x18, willRetain: 0x20, password: 0x40, userName: 0x80 };
const named = flags.clean | flags.userName | flags.password;

describe('a CONNECT is not answered', () => {
  const cases: [string, () => Buffer][] = [
    ['that is cut inside its protocol name', () => bareConnect([0, 4, 0x4d])],
    ['of another protocol [MQTT-3.1.2-1]', () => bareConnect(mqttString('MQTX'), [4, named, 0, 30], ...credential())],
    ['with its reserved flag [MQTT-3.1.2-3]', () => bareConnect(protocol, [4, named | 1, 0, 30], ...credential())],
    [
      'with a will of QoS 3 [MQTT-3.1.2-14]',
      () => {
        const [id = '', name = '', password = ''] = credential();
        const will = [mqttString(`${own}/conexao`), mqttString('{}')];
        return bareConnect(protocol, [4, named | flags.will | flags.willQos3, 0, 30], id, ...will, name, password);
      },
    ],
    ['with a QoS but no will [MQTT-3.1.2-13]', () => bareConnect(protocol, [4, named | 0x08, 0, 30], ...credential())],
    [
      'with a retained but no will [MQTT-3.1.2-15]',
      () => bareConnect(protocol, [4, named | flags.willRetain, 0, 30], ...credential()),
    ],
    [
      'with a password but no user name [MQTT-3.1.2-22]',
      () => bareConnect(protocol, [4, flags.clean | flags.password, 0, 30], mqttString('a'), mqttString('b')),
    ],
    [
      'whose flags promise more than there is',
      () => bareConnect(protocol, [4, named, 0, 30], mqttString(activation.mqtt.client_id)),
    ],
    ['with something behind its end', () => bareConnect(protocol, [4, named, 0, 30], ...credential(), [0])],
    [
      'with U+0000 in its client id [MQTT-1.5.3-2]',
      () => bareConnect(protocol, [4, named, 0, 30], mqttString('a\0b'), mqttString('n'), mqttString('p')),
    ],
    [
      'with a surrogate in its client id [MQTT-1.5.3-1]',
      () => bareConnect(protocol, [4, named, 0, 30], mqttString([0xed, 0xa0, 0x80]), mqttString('n'), mqttString('p')),
    ],
    [
      'with a user name that is not UTF-8 [MQTT-1.5.3-1]',
      () => bareConnect(protocol, [4, named, 0, 30], mqttString('a'), mqttString([0xff, 0xfe]), mqttString('p')),
    ],
    [
      'with flags in its fixed header [MQTT-2.2.2-2]',
      () => Buffer.concat([Buffer.from([0x11]), connectPacket(activation).subarray(1)]),
    ],
  ];
  test.each(cases)('%s', async (_, build) => {
    expect(await answerTo(build())).toBe('');
  });
});

describe('a CONNECT of another level is CONNACK 1 [MQTT-3.1.2-2]', () => {
  test.each([0, 3, 5, 6, 0x84, 255])('%d', async (level) => {
    expect(await answerTo(bareConnect(protocol, [level, named, 0, 30], ...credential()))).toBe('20020001');
  });

  test('MQTT 3.1 by its old name', async () => {
    expect(await answerTo(bareConnect(mqttString('MQIsdp'), [3, named, 0, 30], ...credential()))).toBe('20020001');
  });
});

describe('before CONNECT everything ends the connection unanswered [MQTT-3.1.0-1]', () => {
  const cases: [string, Buffer][] = [
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['a PUBLISH', publishPacket('a', 'b')],
    ['a PINGREQ', Buffer.from([0xc0, 0])],
    ['a DISCONNECT', Buffer.from([0xe0, 0])],
    ['an announced packet of 200 MB', Buffer.from([0x10, 0xff, 0xff, 0xff, 0x5f, 0, 4])],
    ['a length of five bytes', Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['the reserved packet type 0', Buffer.from([0x00, 0])],
    ['the reserved packet type 15', Buffer.from([0xf0, 0])],
  ];
  test.each(cases)('%s', async (_, bytes) => {
    expect(await answerTo(bytes)).toBe('');
  });
});

describe('after CONNACK, a packet ends the connection unanswered', () => {
  const own1 = (name: string) => mqttString(`${own}/${name}`);
  const cases: [string, () => Buffer][] = [
    ['a second CONNECT [MQTT-3.1.0-2]', () => connectPacket(activation)],
    ['an announced packet of 2 MB', () => Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01, 0, 4])],
    ['a length of five bytes', () => Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])],
    ['PUBLISH of QoS 3 [MQTT-3.3.1-4]', () => packet(0x36, own1('heartbeat'), [0, 1], heartbeat)],
    ['PUBLISH of QoS 0 marked DUP [MQTT-3.3.1-2]', () => packet(0x38, own1('heartbeat'), heartbeat)],
    ['PUBLISH with packet id 0 [MQTT-2.3.1-1]', () => packet(0x32, own1('heartbeat'), [0, 0], heartbeat)],
    ['PUBLISH of QoS 2 with packet id 0 [MQTT-2.3.1-1]', () => packet(0x34, own1('heartbeat'), [0, 0], heartbeat)],
    ['PUBLISH cut before its packet id', () => packet(0x32, own1('heartbeat'))],
    ['PUBLISH whose topic is longer than it', () => packet(0x30, [0xff, 0xff], 'abc')],
    ['PUBLISH to no topic [MQTT-4.7.3-1]', () => packet(0x30, mqttString(''), heartbeat)],
    ['PUBLISH to + [MQTT-3.3.2-2]', () => packet(0x30, mqttString(`narcidi/v1/maquinas/+/heartbeat`), heartbeat)],
    ['PUBLISH to # [MQTT-3.3.2-2]', () => packet(0x30, mqttString(`${own}/#`), heartbeat)],
    ['PUBLISH to a topic with NUL [MQTT-1.5.3-2]', () => packet(0x30, mqttString(`${own}/\0`), heartbeat)],
    [
      'PUBLISH to a topic with surrogates [MQTT-1.5.3-1]',
      () =>
        packet(0x30, mqttString(Buffer.concat([Buffer.from(`${own}/`), Buffer.from([0xed, 0xbf, 0xbf])])), heartbeat),
    ],
    ['PUBLISH to $SYS', () => publishPacket('$SYS/broker/uptime', '0', 1)],
    ['PUBLISH to $SYS, retained', () => packet(0x33, mqttString('$SYS/x'), [0, 1], '0')],
    ['PUBLISH to another machine', () => publishPacket(foreign.mqtt.topicos.heartbeat, heartbeat, 1)],
    ['PUBLISH as the server', () => publishPacket(`${own}/estado`, '{}', 1)],
    ['PUBLISH to a topic of 1,000 levels', () => publishPacket('a/'.repeat(1_000), 'x')],
    ['PUBACK of packet id 0', () => packet(type.puback, [0, 0])],
    ['PUBACK of three bytes', () => packet(type.puback, [0, 1, 0])],
    ['PUBACK of one byte', () => packet(type.puback, [1])],
    ['PUBACK with flags [MQTT-2.2.2-2]', () => packet(type.puback | 2, [0, 1])],
    ['PUBREC of three bytes', () => packet(0x50, [0, 1, 0])],
    ['PUBREL without its flag [MQTT-3.6.1-1]', () => packet(0x60, [0, 1])],
    ['PUBREL of one byte', () => packet(0x62, [1])],
    ['PUBCOMP with flags [MQTT-2.2.2-2]', () => packet(0x71, [0, 1])],
    ['SUBSCRIBE without its flag [MQTT-3.8.1-1]', () => packet(0x80, [0, 1], own1('estado'), [1])],
    ['SUBSCRIBE with packet id 0 [MQTT-2.3.1-1]', () => packet(0x82, [0, 0], own1('estado'), [1])],
    ['SUBSCRIBE to nothing [MQTT-3.8.3-3]', () => packet(0x82, [0, 1])],
    ['SUBSCRIBE to an empty filter [MQTT-4.7.3-1]', () => packet(0x82, [0, 1], mqttString(''), [1])],
    ['SUBSCRIBE at QoS 3 [MQTT-3-8.3-4]', () => packet(0x82, [0, 1], own1('estado'), [3])],
    ['SUBSCRIBE with reserved bits [MQTT-3-8.3-4]', () => packet(0x82, [0, 1], own1('estado'), [0x41])],
    ['SUBSCRIBE without a QoS', () => packet(0x82, [0, 1], own1('estado'))],
    ['SUBSCRIBE with half a filter behind', () => packet(0x82, [0, 1], own1('estado'), [1], [0])],
    ['SUBSCRIBE to # in the middle [MQTT-4.7.1-2]', () => packet(0x82, [0, 1], own1('#/x'), [1])],
    ['SUBSCRIBE to # beside text [MQTT-4.7.1-2]', () => packet(0x82, [0, 1], own1('x#'), [1])],
    ['SUBSCRIBE to + beside text [MQTT-4.7.1-3]', () => packet(0x82, [0, 1], own1('x+'), [1])],
    ['SUBSCRIBE to a filter with NUL [MQTT-1.5.3-2]', () => packet(0x82, [0, 1], own1('\0'), [1])],
    ['UNSUBSCRIBE without its flag [MQTT-3.10.1-1]', () => packet(0xa0, [0, 1], own1('estado'))],
    ['UNSUBSCRIBE with packet id 0 [MQTT-2.3.1-1]', () => packet(0xa2, [0, 0], own1('estado'))],
    ['UNSUBSCRIBE of nothing [MQTT-3.10.3-2]', () => packet(0xa2, [0, 1])],
    ['PINGREQ with content', () => packet(0xc0, [0])],
    ['PINGREQ with flags [MQTT-2.2.2-2]', () => packet(0xc1)],
    ['DISCONNECT with content', () => packet(0xe0, [0])],
    ['DISCONNECT with flags [MQTT-3.14.1-1]', () => packet(0xe2)],
    ['CONNACK', () => packet(type.connack, [0, 0])],
    ['SUBACK', () => packet(type.suback, [0, 1, 0])],
    ['UNSUBACK', () => packet(0xb0, [0, 1])],
    ['PINGRESP', () => packet(0xd0)],
    ['the reserved packet type 0', () => packet(0x00)],
    ['the reserved packet type 15', () => packet(0xf0)],
  ];
  test.each(cases)('%s', async (_, build) => {
    expect(await answerOnceConnected(build())).toBe(accepted);
  });

  test('what came before it is acknowledged, what comes after it is not', async () => {
    const topic = `${own}/heartbeat`;
    const { socket, closed } = raw(server.mqttUrl, [connectPacket(activation), publishPacket(topic, heartbeat, 1)]);
    await answered(socket, `${accepted}40020001`);
    socket.write(Buffer.concat([packet(0xc1), publishPacket(topic, heartbeat, 2)]));
    expect((await closed).toString('hex')).toBe(`${accepted}40020001`);
  });
});

describe('what is well formed though unusual is taken', () => {
  test.each([
    [
      'U+FFFD, U+FEFF and astral symbols in a topic',
      () => packet(0x82, [0, 1], mqttString(`${own}/\ufffd\ufeff\u{1f600}`), [1]),
      '9003000101',
    ],
    ['a filter of + and #', () => packet(0x82, [0, 1], mqttString(`${own}/x/+/#`), [0]), '9003000100'],
    ['an empty level in a filter', () => packet(0x82, [0, 1], mqttString(`${own}//`), [0]), '9003000100'],
    ['a length written in four bytes', () => Buffer.from([0xc0, 0x80, 0x80, 0x80, 0x00]), 'd000'],
    [
      'a PUBACK for nothing, and a PINGREQ',
      () => Buffer.concat([packet(type.puback, [0xff, 0xff]), packet(0xc0)]),
      'd000',
    ],
    ['an empty heartbeat, which is dropped', () => publishPacket(`${own}/heartbeat`, '', 7), '40020007'],
  ])('%s', async (_, build, answer) => {
    const { socket, closed } = raw(server.mqttUrl, [connectPacket(activation)]);
    await answered(socket, accepted);
    socket.write(build());
    await answered(socket, answer);
    socket.end(packet(0xe0));
    expect(await served(closed)).toBe(`${accepted}${answer}`);
  });
});
