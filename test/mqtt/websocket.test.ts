import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import mqtt from 'mqtt';
import { activate, createLicenca, eventually, nextMessage, startServer, type TestServer } from '../support/app';
import { connectPacket, publishPacket } from '../support/raw-mqtt';
import { opcode, rawWebSocket } from '../support/raw-websocket';

let server: TestServer;
let wsUrl: string;
beforeAll(async () => {
  server = await startServer();
  wsUrl = `${server.url.replace('http', 'ws')}/mqtt`;
});
afterAll(() => server.stop());

const connackAccepted = '20020000';
const pubackOfOne = '40020001';

async function newMachine() {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  return { activation: body, id: body.maquina.id as string, topicos: body.mqtt.topicos };
}

function connectOverWs({ activation }: Awaited<ReturnType<typeof newMachine>>) {
  const { client_id: clientId, usuario: username, senha: password } = activation.mqtt;
  return mqtt.connectAsync(wsUrl, { clientId, username, password, reconnectPeriod: 0 });
}

const heartbeat = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });

describe('a machine over WebSocket', () => {
  test('publishes heartbeats and hears a block', async () => {
    const machine = await newMachine();
    const client = await connectOverWs(machine);
    await client.publishAsync(machine.topicos.heartbeat, heartbeat, { qos: 1 });
    const { body } = await server.call('GET', `/maquinas/${machine.id}/dashboard?periodo=1h`);
    expect(body.series.cpu[0].slice(1)).toEqual([1, 1, 1]);
    await client.subscribeAsync(machine.topicos.estado, { qos: 1 });
    const heard = nextMessage(client, machine.topicos.estado, (payload) => payload.bloqueada);
    await server.call('POST', `/maquinas/${machine.id}/bloquear`, { motivo: 'x' });
    expect(await heard).toMatchObject({ codigo: 'MAQUINA_BLOQUEADA', revisao: 2 });
    await client.endAsync();
  });

  test('sends and gets back messages much larger than a network buffer', async () => {
    const machine = await newMachine();
    const client = await connectOverWs(machine);
    await client.subscribeAsync(machine.topicos.conexao, { qos: 1 });
    const payload = JSON.stringify({ conectada: true, sessao: 's'.repeat(900_000) });
    const heard = nextMessage(client, machine.topicos.conexao);
    await client.publishAsync(machine.topicos.conexao, payload, { qos: 1 });
    expect(JSON.stringify(await heard)).toBe(payload);
    await client.endAsync();
  });

  test('takes over, and is taken over by, a connection over TCP', async () => {
    const machine = await newMachine();
    const first = await connectOverWs(machine);
    const closed = new Promise<void>((resolve) => first.once('close', () => resolve()));
    const { url, client_id: clientId, usuario: username, senha: password } = machine.activation.mqtt;
    const second = await mqtt.connectAsync(url, { clientId, username, password, reconnectPeriod: 0 });
    await closed;
    const secondClosed = new Promise<void>((resolve) => second.once('close', () => resolve()));
    const third = await connectOverWs(machine);
    await secondClosed;
    await third.publishAsync(machine.topicos.heartbeat, heartbeat, { qos: 1 });
    await third.endAsync();
  });
});

describe('frames', () => {
  test('hold parts of packets, several packets, or nothing', async () => {
    const machine = await newMachine();
    const peer = await rawWebSocket(wsUrl);
    expect(peer.head).toMatch(/^HTTP\/1\.1 101 /);
    expect(peer.head.toLowerCase()).toContain('\r\nsec-websocket-protocol: mqtt');
    const whole = connectPacket(machine.activation);
    for (const byte of whole) peer.send(Buffer.from([byte]));
    expect((await peer.bytes(4)).toString('hex')).toBe(connackAccepted);
    peer.send(Buffer.alloc(0));
    const one = publishPacket(machine.topicos.heartbeat, heartbeat, 1);
    const two = publishPacket(machine.topicos.heartbeat, heartbeat, 2);
    // One message in two frames, and in the middle of it a ping.
    const both = Buffer.concat([one, two]);
    peer.send(both.subarray(0, one.length + 5), { fin: false });
    peer.send(Buffer.from('p'), { opcode: opcode.ping });
    peer.send(both.subarray(one.length + 5), { opcode: opcode.continuation });
    expect((await peer.bytes(12)).toString('hex')).toBe(`${connackAccepted}${pubackOfOne}40020002`);
    peer.socket.destroy();
  });

  test('of text end the connection [MQTT-6.0.0-1]', async () => {
    const machine = await newMachine();
    const peer = await rawWebSocket(wsUrl);
    peer.send(connectPacket(machine.activation));
    await peer.bytes(4);
    peer.send(Buffer.from('olá'), { opcode: opcode.text });
    expect(await peer.closed).toBe(1003);
  });

  test('that are no MQTT end the connection', async () => {
    const peer = await rawWebSocket(wsUrl);
    peer.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    expect(await peer.closed).toBe(1002);
  });

  test('that announce more than a packet may hold end the connection', async () => {
    const machine = await newMachine();
    const peer = await rawWebSocket(wsUrl);
    peer.send(connectPacket(machine.activation));
    await peer.bytes(4);
    peer.send(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x01, 0, 4]));
    expect(await peer.closed).toBe(1002);
  });

  test('larger than two megabytes end the connection', async () => {
    const peer = await rawWebSocket(wsUrl);
    peer.send(Buffer.alloc(3 * 1024 * 1024));
    // The rest of the frame is still on its way when the server hangs up: its close frame may be lost.
    expect([1009, null]).toContain(await peer.closed);
  });
});

describe('what is asked of /mqtt', () => {
  test('without the subprotocol mqtt is refused [MQTT-6.0.0-3]', async () => {
    const peer = await rawWebSocket(wsUrl, { 'Sec-WebSocket-Protocol': 'chat' });
    expect(peer.head).toMatch(/^HTTP\/1\.1 400 /);
    peer.socket.destroy();
  });

  test('with others beside it is given mqtt [MQTT-6.0.0-4]', async () => {
    const peer = await rawWebSocket(`${wsUrl}/`, { 'Sec-WebSocket-Protocol': 'mqttv3.1, mqtt' });
    expect(peer.head.match(/sec-websocket-protocol: (.*)/i)?.[1]).toBe('mqtt');
    peer.socket.destroy();
  });

  test('as plain HTTP is told to upgrade', async () => {
    const response = await fetch(`${server.url}/mqtt`);
    expect([response.status, ((await response.json()) as { codigo: string }).codigo]).toEqual([
      426,
      'UPGRADE_NECESSARIO',
    ]);
  });

  test('and of a path that begins alike is not found', async () => {
    expect((await fetch(`${server.url}/mqttx`)).status).toBe(404);
  });
});

test('a client that vanishes is gone from the broker, and its will is published', async () => {
  const machine = await newMachine();
  const will = {
    topic: machine.topicos.conexao,
    payload: Buffer.from(JSON.stringify({ conectada: false, sessao: 'w1' })),
    qos: 1,
    retain: true,
  };
  const peer = await rawWebSocket(wsUrl);
  peer.send(connectPacket(machine.activation, { will }));
  await peer.bytes(4);
  peer.socket.destroy();
  const retained = await eventually(
    async () => {
      const client = await connectOverWs(machine);
      const heard = nextMessage(client, machine.topicos.conexao).catch(() => null);
      await client.subscribeAsync(machine.topicos.conexao, { qos: 1 });
      const payload = await heard;
      await client.endAsync();
      return payload;
    },
    (payload) => payload !== null,
  );
  expect(retained).toEqual({ conectada: false, sessao: 'w1' });
});
