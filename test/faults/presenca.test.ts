import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { MqttClient } from 'mqtt';
import { type Answer, activate, adminClient, connectMachine, createLicenca } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';

const machines = 30;
const env = { NARCIDI_HEARTBEAT_INTERVAL: '4' };

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

type Activation = Answer['body'];

/** Connects a machine as a well-behaved one does, and lets it be heard. */
async function arrive(server: Running, activation: Activation, sessao: string): Promise<MqttClient> {
  activation.mqtt.url = server.mqtt;
  const { conexao, heartbeat } = activation.mqtt.topicos;
  const payload = Buffer.from(JSON.stringify({ conectada: false, sessao }));
  const client = await connectMachine(activation, { will: { topic: conexao, payload, qos: 1, retain: true } });
  client.on('error', () => undefined);
  await client.publishAsync(conexao, JSON.stringify({ conectada: true, sessao }), { qos: 1, retain: true });
  await client.publishAsync(heartbeat, JSON.stringify({ cpu: 1, memoria: 2, disco: 3 }), { qos: 1 });
  return client;
}

function offlineEvents(data: string): string[] {
  const db = new Database(join(data, 'narcidi.db'), { readonly: true });
  const rows = db
    .query<{ entidade_id: string }, []>(`SELECT entidade_id FROM outbox WHERE tipo = 'maquina.offline' ORDER BY seq`)
    .all();
  db.close();
  return rows.map(({ entidade_id }) => entidade_id);
}

describe('kill -9 with machines online', () => {
  test('tells nobody offline who comes back within an interval, and exactly those who do not', async () => {
    const data = join(folder.path, 'presenca');
    const first = await serve(data, env);
    const api = { call: await adminClient(first.url) };
    const { licenca } = await createLicenca(api, { limite_maquinas: machines });
    const fleet: Activation[] = [];
    for (let n = 0; n < machines; n += 1) fleet.push((await activate(api, licenca.chave)).body);
    await Promise.all(fleet.map((activation, n) => arrive(first, activation, `antes-${n}`)));
    await first.signal('SIGKILL');

    // An hour later: by the clock alone everybody would be offline.
    const second = await serve(data, { ...env, NARCIDI_CLOCK_OFFSET: '3600' });
    const [gone, ...back] = fleet;
    const clients = await Promise.all(back.map((activation, n) => arrive(second, activation, `depois-${n}`)));
    const beat = setInterval(() => {
      for (const [n, client] of clients.entries()) {
        client.publish(back[n].mqtt.topicos.heartbeat, JSON.stringify({ cpu: 1, memoria: 2, disco: 3 }), { qos: 1 });
      }
    }, 1_000);
    const after = { call: await adminClient(second.url) };
    let summary = { online: 0, offline: 0 };
    for (let n = 0; n < 20 && summary.offline === 0; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      summary = (await after.call('GET', '/maquinas/resumo')).body.por_status;
    }
    expect(summary).toMatchObject({ online: machines - 1, offline: 1 });
    expect(offlineEvents(data)).toEqual([gone.maquina.id]);
    clearInterval(beat);
    for (const client of clients) await client.endAsync(true);
    expect(await second.signal('SIGTERM')).toBe(0);
  }, 60_000);
});
