import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import mqtt, { type IClientOptions } from 'mqtt';
import {
  activate,
  connectMachine,
  createLicenca,
  eventually,
  nextMessage,
  startServer,
  type TestServer,
} from '../support/app';
import { connectPacket, publishPacket, raw as rawTo } from '../support/raw-mqtt';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function newMachine(fields: object = {}) {
  const { licenca, clienteId } = await createLicenca(server, { limite_maquinas: 5, ...fields });
  const { body } = await activate(server, licenca.chave);
  const { topicos } = body.mqtt;
  return { licenca, clienteId, activation: body, id: body.maquina.id as string, topicos };
}

/** The CONNACK code a connection gets: 0 when it is taken. */
async function connackOf(
  activation: Awaited<ReturnType<typeof newMachine>>['activation'],
  options: IClientOptions,
): Promise<number> {
  try {
    const client = await connectMachine(activation, { connectTimeout: 3_000, ...options });
    await client.endAsync(true);
    return 0;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

/** A raw connection to this server. */
const raw = (bytes: Buffer[]) => rawTo(server.mqttUrl, bytes);

describe('connecting', () => {
  test('takes machine id and token, and refuses all else with its code', async () => {
    const { activation, id } = await newMachine();
    const other = await newMachine();
    expect(await connackOf(activation, {})).toBe(0);
    expect(await connackOf(activation, { clientId: '', clean: true })).toBe(0);
    expect(await connackOf(activation, { clientId: 'outro' })).toBe(2);
    expect(await connackOf(activation, { password: 'nm_errado' })).toBe(5);
    expect(await connackOf(activation, { username: other.id, clientId: other.id })).toBe(5);
    expect(await connackOf(activation, { clientId: id, username: id, password: other.activation.token })).toBe(5);
  });

  test('an empty client id without a clean session is CONNACK 2', async () => {
    const { activation } = await newMachine();
    // The library will not write such a packet: the flag is cleared by hand.
    const packet = connectPacket(activation, { clientId: '' });
    const flagsAt = 9;
    packet[flagsAt] = (packet[flagsAt] ?? 0) & ~0x02;
    const { closed } = raw([packet]);
    expect((await closed).toString('hex')).toBe('20020002');
  });

  test('MQTT 5 is CONNACK 1', async () => {
    const { activation } = await newMachine();
    const { closed } = raw([connectPacket(activation, { protocolVersion: 5, properties: {} })]);
    const answer = await closed;
    expect(answer[0]).toBe(0x20);
    expect(answer[3]).toBe(1);
  });

  test('a second connection takes over the first', async () => {
    const { activation } = await newMachine();
    const first = await connectMachine(activation);
    const closed = new Promise<void>((resolve) => first.once('close', () => resolve()));
    const second = await connectMachine(activation);
    await closed;
    expect(second.connected).toBe(true);
    await second.endAsync();
  });

  test('a rotated token ends the connection and the old one stops working', async () => {
    const { activation, id } = await newMachine();
    const client = await connectMachine(activation);
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    const { body } = await server.call('POST', `/maquinas/${id}/token`);
    await closed;
    expect(await connackOf(activation, {})).toBe(5);
    expect(await connackOf(activation, { password: body.token })).toBe(0);
  });

  test('a will on a foreign topic is refused', async () => {
    const { activation } = await newMachine();
    const other = await newMachine();
    expect(
      await connackOf(activation, {
        will: { topic: other.topicos.conexao, payload: Buffer.from('{}'), qos: 1, retain: true },
      }),
    ).toBe(5);
  });
});

test('a packet cut in the middle waits for its rest', async () => {
  const { activation } = await newMachine();
  const whole = connectPacket(activation);
  const { socket, closed } = raw([whole.subarray(0, 10)]);
  await new Promise((resolve) => socket.write('', resolve));
  socket.write(whole.subarray(10));
  await new Promise((resolve) => socket.once('data', resolve));
  socket.end();
  expect((await closed).subarray(0, 4).toString('hex')).toBe('20020000');
});

test('packets that come in pieces while others are dealt with are all taken, and the end is noticed', async () => {
  const { activation, topicos } = await newMachine();
  const heartbeat = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });
  for (let round = 0; round < 20; round += 1) {
    const { socket, closed } = raw([connectPacket(activation)]);
    socket.setNoDelay(true);
    // Who leaves before it was let in is owed no answer.
    await once(socket, 'data');
    for (let id = 1; id <= 20; id += 1) {
      const whole = publishPacket(topicos.heartbeat, heartbeat, id);
      for (let from = 0; from < whole.length; from += 30) {
        socket.write(whole.subarray(from, from + 30));
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    // Half a packet and the end, at once.
    socket.end(publishPacket(topicos.heartbeat, heartbeat, 21).subarray(0, 40));
    const answer = await closed;
    expect(answer.subarray(0, 4).toString('hex')).toBe('20020000');
    expect(answer.length).toBeLessThanOrEqual(4 + 20 * 4);
  }
});

describe('the topics of a machine', () => {
  test('heartbeats appear in its dashboard; what is invalid is dropped and the connection stays', async () => {
    const { activation, id, topicos } = await newMachine();
    const client = await connectMachine(activation);
    const bad = [
      '{',
      '[]',
      'null',
      JSON.stringify({ cpu: 101, memoria: 1, disco: 1 }),
      JSON.stringify({ cpu: 1, memoria: 1, disco: 1, em: '2099-01-01T00:00:00Z' }),
    ];
    for (const payload of bad) await client.publishAsync(topicos.heartbeat, payload, { qos: 1 });
    await client.publishAsync(topicos.heartbeat, Buffer.from([0xff, 0xfe, 0x00]), { qos: 1 });
    const em = new Date(Math.floor(Date.now() / 10_000) * 10_000 - 20_000).toISOString();
    const list = [
      { cpu: 10, memoria: 20, disco: 30, em },
      { cpu: 30, memoria: 40, disco: 30, em: new Date(Date.parse(em) + 1_000).toISOString() },
    ];
    await client.publishAsync(topicos.heartbeat, JSON.stringify(list), { qos: 1 });
    await client.publishAsync(topicos.heartbeat, JSON.stringify(list), { qos: 1 });
    expect(client.connected).toBe(true);
    const { body } = await server.call('GET', `/maquinas/${id}/dashboard?periodo=1h`);
    expect(body.series).toEqual({
      cpu: [[Date.parse(em), 20, 10, 30]],
      memoria: [[Date.parse(em), 30, 20, 40]],
      disco: [[Date.parse(em), 30, 30, 30]],
    });
    const { body: machine } = await eventually(
      () => server.call('GET', `/maquinas/${id}`),
      (answer) => answer.body.status === 'online',
    );
    expect(Date.parse(machine.ultimo_heartbeat_em)).toBeWithin(Date.now() - 10_000, Date.now() + 1_000);
    await client.endAsync();
  });

  test('subscriptions outside are refused with 0x80, its own are granted', async () => {
    const { activation, topicos, id } = await newMachine();
    const client = await connectMachine(activation);
    for (const topic of [
      '#',
      '$SYS/#',
      'narcidi/#',
      'narcidi/v1/maquinas/+/estado',
      `narcidi/v1/maquinas/${id}`,
      `narcidi/v1/maquinas/${id}x/estado`,
    ]) {
      const refused = await client.subscribeAsync(topic, { qos: 1 }).then(
        (granted) => granted.every(({ qos }) => qos === 128),
        () => true,
      );
      expect([topic, refused]).toEqual([topic, true]);
    }
    const granted = await client.subscribeAsync([topicos.comandos, `narcidi/v1/maquinas/${id}/#`], { qos: 1 });
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1]);
    await client.endAsync();
  });

  test('the machine cannot speak for the server', async () => {
    const { activation, topicos } = await newMachine();
    for (const topic of [topicos.estado, topicos.comandos]) {
      const client = await connectMachine(activation);
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
      client.publish(topic, '{}', { qos: 0, retain: true });
      await closed;
    }
  });
});

describe('blocking', () => {
  test('reaches a connected machine at once, is verified at once, acknowledged, and reversed', async () => {
    const { activation, id, topicos, licenca } = await newMachine();
    const client = await connectMachine(activation);
    const first = nextMessage(client, topicos.estado);
    await client.subscribeAsync(topicos.estado, { qos: 1 });
    expect(await first).toMatchObject({ bloqueada: false, codigo: 'VALIDA', motivo: null, revisao: 1 });
    const heard = nextMessage(client, topicos.estado, (payload) => payload.bloqueada);
    await server.call('POST', `/maquinas/${id}/bloquear`, { motivo: 'não pagou' });
    const impressao = encodeURIComponent(activation.maquina.impressao);
    const verdict = () => server.call('GET', `/licencas/verificar/${licenca.chave}?impressao=${impressao}`);
    expect((await verdict()).body.codigo).toBe('MAQUINA_BLOQUEADA');
    const state = await heard;
    expect(state).toMatchObject({ bloqueada: true, codigo: 'MAQUINA_BLOQUEADA', motivo: 'não pagou', revisao: 2 });
    await client.publishAsync(topicos.respostas, JSON.stringify({ revisao: 2, resultado: 'aplicado' }), { qos: 1 });
    const { body } = await eventually(
      () => server.call('GET', `/maquinas/${id}`),
      (answer) =>
        answer.body.bloqueio_enviado_em && answer.body.bloqueio_entregue_em && answer.body.bloqueio_aplicado_em,
    );
    expect(body).toMatchObject({ status: 'bloqueada', bloqueada: true, motivo_bloqueio: 'não pagou', revisao: 2 });
    const freed = nextMessage(client, topicos.estado, (payload) => !payload.bloqueada);
    await server.call('POST', `/maquinas/${id}/desbloquear`);
    expect(await freed).toMatchObject({ codigo: 'VALIDA', revisao: 3 });
    expect((await verdict()).body.codigo).toBe('VALIDA');
    await client.endAsync();
  });

  test.each([
    ['licence', 'BLOQUEADA'],
    ['customer', 'CLIENTE_BLOQUEADO'],
  ])('of the %s reaches its machines too', async (what, codigo) => {
    const { activation, topicos, licenca, clienteId } = await newMachine();
    const client = await connectMachine(activation);
    await client.subscribeAsync(topicos.estado, { qos: 1 });
    const path = what === 'licence' ? `/licencas/${licenca.id}` : `/clientes/${clienteId}`;
    const heard = nextMessage(client, topicos.estado, (payload) => payload.bloqueada);
    await server.call('POST', `${path}/bloquear`, { motivo: 'porque sim' });
    expect(await heard).toMatchObject({ codigo, motivo: 'porque sim' });
    const freed = nextMessage(client, topicos.estado, (payload) => !payload.bloqueada);
    await server.call('POST', `${path}/${what === 'licence' ? 'desbloquear' : 'ativar'}`);
    expect(await freed).toMatchObject({ codigo: 'VALIDA' });
    await client.endAsync();
  });

  test('expiry by the calendar alone reaches the machine', async () => {
    const { licenca, activation, topicos } = await newMachine({
      tipo: 'temporaria',
      expira_em: new Date(Date.now() + 2_500).toISOString(),
    });
    expect(licenca.status).toBe('ativa');
    const client = await connectMachine(activation);
    const heard = nextMessage(client, topicos.estado, (payload) => payload.bloqueada);
    await client.subscribeAsync(topicos.estado, { qos: 1 });
    expect(await heard).toMatchObject({ codigo: 'EXPIRADA', revisao: 2 });
    await client.endAsync();
  });

  test('while it was away is heard on reconnect, with and without a session', async () => {
    for (const clean of [true, false]) {
      const { activation, id, topicos } = await newMachine();
      const before = await connectMachine(activation, { clean });
      await before.subscribeAsync(topicos.estado, { qos: 1 });
      await before.endAsync();
      await server.call('POST', `/maquinas/${id}/bloquear`, { motivo: 'x' });
      const after = mqtt.connect(activation.mqtt.url, {
        clientId: id,
        username: id,
        password: activation.token,
        clean,
        reconnectPeriod: 0,
      });
      const heard = nextMessage(after, topicos.estado, (payload) => payload.bloqueada);
      after.subscribe(topicos.estado, { qos: 1 });
      expect(await heard).toMatchObject({ bloqueada: true, revisao: 2 });
      await after.endAsync();
    }
  });
});

test('an invalid message is acknowledged and goes no further: it is neither retained nor told', async () => {
  const { activation, topicos } = await newMachine();
  const client = await connectMachine(activation);
  await client.publishAsync(topicos.conexao, JSON.stringify({ conectada: true, sessao: 's1' }), {
    qos: 1,
    retain: true,
  });
  await client.subscribeAsync(topicos.conexao, { qos: 1 });
  const heard: string[] = [];
  client.on('message', (_, payload) => heard.push(payload.toString()));
  for (const payload of ['{', '{"conectada":"sim"}', '[]']) {
    for (const qos of [1, 2] as const) await client.publishAsync(topicos.conexao, payload, { qos, retain: true });
  }
  const last = nextMessage(client, topicos.conexao, ({ sessao }) => sessao === 's2');
  await client.publishAsync(topicos.conexao, JSON.stringify({ conectada: true, sessao: 's2' }), { qos: 1 });
  await last;
  expect(heard.map((text) => JSON.parse(text).sessao).filter((sessao) => sessao !== 's1')).toEqual(['s2']);
  await client.endAsync();
  const again = await connectMachine(activation);
  const retained = nextMessage(again, topicos.conexao);
  await again.subscribeAsync(topicos.conexao, { qos: 1 });
  expect(await retained).toEqual({ conectada: true, sessao: 's1' });
  await again.endAsync();
});

describe('presence', () => {
  test('the birth and the will of a machine are retained', async () => {
    const { activation, topicos } = await newMachine();
    const will = {
      topic: topicos.conexao,
      payload: Buffer.from(JSON.stringify({ conectada: false, sessao: 's1' })),
      qos: 1 as const,
      retain: true,
    };
    const client = await connectMachine(activation, { will });
    await client.publishAsync(topicos.conexao, JSON.stringify({ conectada: true, sessao: 's1' }), {
      qos: 1,
      retain: true,
    });
    client.stream.destroy();
    const later = await eventually(
      async () => {
        const again = await connectMachine(activation);
        const message = nextMessage(again, topicos.conexao);
        await again.subscribeAsync(topicos.conexao, { qos: 1 });
        const payload = await message;
        await again.endAsync();
        return payload;
      },
      (payload) => payload.conectada === false,
    );
    expect(later.sessao).toBe('s1');
  });
});
