import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { activate, connectMachine, createLicenca, nextMessage, startServer, type TestServer } from '../support/app';

let slow: TestServer;
let fast: TestServer;
beforeAll(async () => {
  [slow, fast] = await Promise.all([startServer(), startServer({ NARCIDI_HEARTBEAT_INTERVAL: '1' })]);
});
afterAll(() => Promise.all([slow.stop(), fast.stop()]));

const beat = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });

async function newMachine(server: TestServer) {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  return { activation: body, id: body.maquina.id as string, topicos: body.mqtt.topicos };
}

/** Waits until the last event of a machine is this one, with its reason. */
async function tells(server: TestServer, id: string, expected: string): Promise<void> {
  const until = performance.now() + 20_000;
  const db = new Database(join(server.data, 'narcidi.db'), { readonly: true });
  const last = db.query<{ tipo: string; dados: string }, [string]>(
    `SELECT tipo, dados FROM outbox WHERE entidade_id = ? AND tipo IN ('maquina.online', 'maquina.offline') ORDER BY seq DESC LIMIT 1`,
  );
  for (;;) {
    const row = last.get(id);
    const { motivo } = JSON.parse(row?.dados ?? '{}') as { motivo?: string };
    const found = [row?.tipo, motivo].filter(Boolean).join(' ');
    if (found === expected || performance.now() > until) {
      db.close();
      expect(found).toBe(expected);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function statusOf(server: TestServer, id: string): Promise<string> {
  return (await server.call('GET', `/maquinas/${id}`)).body.status;
}

describe('a machine that goes away', () => {
  test('with DISCONNECT, with a lost connection, or in silence is offline for that reason', async () => {
    const polite = await newMachine(slow);
    const lost = await newMachine(slow);
    const silent = await newMachine(fast);
    const will = (machine: typeof lost) => ({
      will: {
        topic: machine.topicos.conexao,
        payload: Buffer.from(JSON.stringify({ conectada: false, sessao: 's1' })),
        qos: 1 as const,
        retain: true,
      },
    });
    const politeClient = await connectMachine(polite.activation, will(polite));
    const lostClient = await connectMachine(lost.activation, will(lost));
    const silentClient = await connectMachine(silent.activation);
    await politeClient.publishAsync(polite.topicos.heartbeat, beat, { qos: 1 });
    const birth = JSON.stringify({ conectada: true, sessao: 's1' });
    await lostClient.publishAsync(lost.topicos.conexao, birth, { qos: 1, retain: true });
    await silentClient.publishAsync(silent.topicos.heartbeat, beat, { qos: 1 });
    // A PUBACK means that it shows.
    expect(await Promise.all([statusOf(slow, polite.id), statusOf(slow, lost.id), statusOf(fast, silent.id)])).toEqual([
      'online',
      'online',
      'online',
    ]);
    await politeClient.endAsync();
    lostClient.stream.destroy();
    await Promise.all([
      tells(slow, polite.id, 'maquina.offline desconectou'),
      tells(slow, lost.id, 'maquina.offline conexao_perdida'),
      tells(fast, silent.id, 'maquina.offline sem_heartbeat'),
    ]);
    expect(await statusOf(slow, polite.id)).toBe('offline');
    expect(silentClient.connected).toBe(true);
    await silentClient.publishAsync(silent.topicos.heartbeat, beat, { qos: 1 });
    await tells(fast, silent.id, 'maquina.online');
    await silentClient.endAsync();
  }, 40_000);
});

describe('the certificate in the state', () => {
  test('proves to anybody, by the public keys alone, whether the machine is blocked, why, and by which revision', async () => {
    const { activation, id, topicos } = await newMachine(slow);
    const jwks = createLocalJWKSet((await (await fetch(`${slow.url}/.well-known/jwks.json`)).json()) as JSONWebKeySet);
    const client = await connectMachine(activation);
    const free = nextMessage(client, topicos.estado);
    await client.subscribeAsync(topicos.estado, { qos: 1 });
    const proof = async (state: { certificado: string }) =>
      (await jwtVerify(state.certificado, jwks, { algorithms: ['EdDSA'] })).payload;
    expect(await proof(await free)).toMatchObject({
      maquina_id: id,
      bloqueada: false,
      revisao: 1,
      motivo: null,
      valida: true,
    });
    const heard = nextMessage(client, topicos.estado, ({ bloqueada }) => bloqueada);
    await slow.call('POST', `/maquinas/${id}/bloquear`, { motivo: 'sem pagamento' });
    expect(await proof(await heard)).toMatchObject({
      maquina_id: id,
      bloqueada: true,
      revisao: 2,
      motivo: 'sem pagamento',
      valida: false,
      codigo: 'MAQUINA_BLOQUEADA',
      impressao: activation.maquina.impressao,
    });
    await client.endAsync();
  });
});
