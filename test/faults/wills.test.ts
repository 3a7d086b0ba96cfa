import { afterAll, beforeAll, expect, test } from 'bun:test';
import mqtt from 'mqtt';
import { type Answer, activate, adminClient, connectMachine, createLicenca, nextMessage } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';

const env = { NARCIDI_HEARTBEAT_INTERVAL: '1' };
const data = scratch();
let running: Running;
beforeAll(async () => {
  running = await serve(data.path, env);
});
afterAll(async () => {
  await running.signal('SIGTERM');
  data.remove();
});

function willOf(activation: Answer['body'], sessao: string) {
  const payload = Buffer.from(JSON.stringify({ conectada: false, sessao }));
  return { topic: activation.mqtt.topicos.conexao, payload, qos: 1 as const, retain: true };
}

async function announce(activation: Answer['body'], sessao: string, url: string) {
  const there = { ...activation, mqtt: { ...activation.mqtt, url } };
  const client = await connectMachine(there, { will: willOf(activation, sessao) });
  client.on('error', () => undefined);
  await client.publishAsync(activation.mqtt.topicos.conexao, JSON.stringify({ conectada: true, sessao }), {
    qos: 1,
    retain: true,
  });
  return client;
}

/** What is retained of a machine's connection. */
async function retained(activation: Answer['body'], url: string) {
  const { client_id: clientId, usuario: username, senha: password, topicos } = activation.mqtt;
  const client = await mqtt.connectAsync(url, { clientId, username, password, reconnectPeriod: 0 });
  const heard = nextMessage(client, topicos.conexao);
  await client.subscribeAsync(topicos.conexao, { qos: 1 });
  const payload = await heard;
  await client.endAsync();
  return payload;
}

test('a server that was killed leaves wills; the next one publishes those of machines that do not come back', async () => {
  const call = await adminClient(running.url);
  const { licenca } = await createLicenca({ call }, { limite_maquinas: 2 });
  const gone = (await activate({ call }, licenca.chave)).body;
  const back = (await activate({ call }, licenca.chave)).body;
  const before = [await announce(gone, 'g1', running.mqtt), await announce(back, 'b1', running.mqtt)];
  await running.signal('SIGKILL');
  for (const client of before) client.end(true);

  running = await serve(data.path, env);
  const returned = await announce(back, 'b2', running.mqtt);
  await running.line(({ msg }) => msg === 'wills of the last run published');
  expect(await retained(gone, running.mqtt)).toEqual({ conectada: false, sessao: 'g1' });
  const heard = nextMessage(returned, back.mqtt.topicos.conexao);
  await returned.subscribeAsync(back.mqtt.topicos.conexao, { qos: 1 });
  expect(await heard).toEqual({ conectada: true, sessao: 'b2' });
  await returned.endAsync();
});

test('what was acknowledged of a connection is retained, however soon the server is killed', async () => {
  const call = await adminClient(running.url);
  const { licenca } = await createLicenca({ call });
  const machine = (await activate({ call }, licenca.chave)).body;
  for (const sessao of ['k1', 'k2', 'k3']) {
    // Resolves with the PUBACK; no will, which would be published after it.
    const there = { ...machine, mqtt: { ...machine.mqtt, url: running.mqtt } };
    const client = await connectMachine(there);
    client.on('error', () => undefined);
    const said = { conectada: true, sessao };
    await client.publishAsync(machine.mqtt.topicos.conexao, JSON.stringify(said), { qos: 1, retain: true });
    await running.signal('SIGKILL');
    client.end(true);
    running = await serve(data.path, env);
    expect(await retained(machine, running.mqtt)).toEqual(said);
  }
});
