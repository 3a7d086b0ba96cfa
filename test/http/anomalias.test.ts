import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  activate,
  createLicenca,
  eventsOf,
  eventually,
  httpClient,
  startServer,
  type TestServer,
} from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const minuteMs = 60_000;

/** A machine with ten hours of even heartbeats, one a minute, until ten minutes ago. */
async function quietMachine() {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  const machine = httpClient(server.url, body.token);
  const until = Date.now() - 10 * minuteMs;
  const points = Array.from({ length: 600 }, (_, index) => ({
    em: new Date(until - (600 - index) * minuteMs).toISOString(),
    cpu: 20 + 8 * Math.sin(index / 30) + (index % 7) / 4,
    memoria: 50 + (index % 5) / 10,
    disco: 40,
    extras: { fila: 10 + (index % 3) },
  }));
  const sent = await machine('POST', '/maquinas/heartbeat', points);
  expect(sent.status).toBe(200);
  return { id: body.maquina.id as string, machine, at: (n: number) => new Date(until + n * minuteMs).toISOString() };
}

const marks = async (id: string) => (await server.call('GET', `/maquinas/${id}/dashboard?periodo=24h`)).body.anomalias;

describe('an anomaly of a machine', () => {
  test('is marked in its dashboard with the reason, and told as one event', async () => {
    const { id, machine, at } = await quietMachine();
    await machine('POST', '/maquinas/heartbeat', {
      em: at(1),
      cpu: 98.5,
      memoria: 50.2,
      disco: 40,
      extras: { fila: 11 },
    });
    const found = await eventually(
      () => marks(id),
      (list) => list.some(({ valor }: { valor: number }) => valor === 98.5),
    );
    const spike = found.find(({ valor }: { valor: number }) => valor === 98.5);
    expect(spike).toMatchObject({ metrica: 'cpu', em: at(1) });
    expect(spike.pontuacao).toBeWithin(0.3, 1.0001);
    expect(spike.texto).toMatch(/^CPU em 98,5 %, quando costuma ficar entre [\d,]+ e [\d,]+ %$/);
    // Ten quiet hours are quiet.
    expect(found.length).toBeLessThanOrEqual(3);
    const told = await eventually(
      async () => eventsOf(server, id),
      (types) => types.includes('maquina.anomalia'),
    );
    expect(told.filter((tipo) => tipo === 'maquina.anomalia')).toHaveLength(1);
  });

  test('is found in an extra series too; the same heartbeat twice is one', async () => {
    const { id, machine, at } = await quietMachine();
    const burst = { em: at(1), cpu: 20, memoria: 50.1, disco: 40, extras: { fila: 5_000 } };
    for (let index = 0; index < 3; index += 1) await machine('POST', '/maquinas/heartbeat', burst);
    const ofQueue = (list: { metrica: string }[]) => list.filter(({ metrica }) => metrica === 'fila');
    const found = await eventually(
      () => marks(id),
      (list) => ofQueue(list).length > 0,
    );
    expect(ofQueue(found)).toHaveLength(1);
  });

  test('is over with the machine', async () => {
    const { id, machine, at } = await quietMachine();
    await machine('POST', '/maquinas/heartbeat', { em: at(1), cpu: 99, memoria: 1, disco: 99 });
    await eventually(
      () => marks(id),
      (list) => list.length > 0,
    );
    expect((await server.call('DELETE', `/maquinas/${id}`)).status).toBeLessThan(300);
    expect((await server.call('GET', `/maquinas/${id}/dashboard`)).status).toBe(404);
  });
});
