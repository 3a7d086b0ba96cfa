import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { activate, createLicenca, httpClient, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('registering', () => {
  test('by an administrator with the ids, and without a token by the key, is the same', async () => {
    const { clienteId, licenca } = await createLicenca(server, { limite_maquinas: 2 });
    const fields = {
      cliente_id: clienteId,
      licenca_id: licenca.id,
      impressao: 'm1',
      nome: 'CAIXA-01',
      so: 'Windows 11',
    };
    const byIds = await server.call('POST', '/maquinas', fields);
    expect(byIds.status).toBe(201);
    expect(byIds.body).toMatchObject({
      nome: 'CAIXA-01',
      so: 'Windows 11',
      status: 'nunca_vista',
      bloqueada: false,
      revisao: 1,
    });
    const byKey = await server.call(
      'POST',
      '/maquinas',
      { chave: licenca.chave, impressao: 'm1' },
      { authorization: null },
    );
    expect([byKey.status, byKey.body.token]).toEqual([200, byIds.body.token]);
    expect((await server.call('POST', '/maquinas', { impressao: 'm2' }, { authorization: null })).status).toBe(401);
    const foreign = await createLicenca(server);
    const wrong = await server.call('POST', '/maquinas', { ...fields, cliente_id: foreign.clienteId });
    expect([wrong.status, wrong.body.erros[0].campo]).toEqual([422, 'cliente_id']);
  });

  test('removing frees the seat and ends the credential', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    expect((await server.call('DELETE', `/maquinas/${body.maquina.id}`)).status).toBe(204);
    expect((await server.call('GET', `/maquinas/${body.maquina.id}`)).status).toBe(404);
    expect((await httpClient(server.url, body.token)('POST', '/maquinas/heartbeat', {})).status).toBe(401);
    expect((await server.call('GET', `/licencas/${licenca.id}`)).body.maquinas_ativas).toBe(0);
    expect((await activate(server, licenca.chave)).status).toBe(201);
  });
});

describe('finding', () => {
  test('filters by customer, licence, status, version and part of the name', async () => {
    const { clienteId, licenca } = await createLicenca(server, { limite_maquinas: 5 });
    const nome = unique('Balcão');
    const a = await server.call('POST', `/licencas/ativar/${licenca.chave}`, {
      impressao: 'fa',
      nome,
      versao: '4.2.1',
    });
    const b = await server.call('POST', `/licencas/ativar/${licenca.chave}`, { impressao: 'fb', versao: '4.2.0' });
    await server.call('POST', `/maquinas/${b.body.maquina.id}/bloquear`, { motivo: 'x' });
    const ids = async (query: string) =>
      (await server.call('GET', `/maquinas?cliente_id=${clienteId}&${query}`)).body.itens.map(
        (item: { id: string }) => item.id,
      );
    expect(await ids('')).toEqual([a.body.maquina.id, b.body.maquina.id]);
    expect(await ids(`licenca_id=${licenca.id}&versao=4.2.1`)).toEqual([a.body.maquina.id]);
    expect(await ids('status=bloqueada')).toEqual([b.body.maquina.id]);
    expect(await ids('status=nunca_vista')).toEqual([a.body.maquina.id]);
    expect(await ids(`busca=${encodeURIComponent(nome.toUpperCase())}`)).toEqual([a.body.maquina.id]);
  });
});

describe('heartbeats over HTTP', () => {
  test('a backlog is stored once, however often it is sent, and exported as CSV', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const call = httpClient(server.url, body.token);
    const start = Date.now() - 3_600_000;
    const backlog = Array.from({ length: 1_000 }, (_, n) => ({
      cpu: n % 100,
      memoria: 50.25,
      disco: 12.3,
      em: new Date(start + n * 1_000).toISOString(),
    }));
    for (let n = 0; n < 2; n += 1)
      expect((await call('POST', '/maquinas/heartbeat', backlog)).body.recebidos).toBe(1_000);
    expect((await call('POST', '/maquinas/heartbeat', [...backlog, backlog[0]])).status).toBe(422);
    const csv = (await server.call('GET', `/maquinas/${body.maquina.id}/export`)).body.trim().split('\n');
    expect(csv).toHaveLength(1_001);
    expect(csv[0]).toBe('em,cpu,memoria,disco');
    expect(csv[1]).toBe(`${backlog[0]?.em},0,50.25,12.3`);
    const range = `de=${backlog[10]?.em}&ate=${backlog[20]?.em}`;
    expect(
      (await server.call('GET', `/maquinas/${body.maquina.id}/export?${range}`)).body.trim().split('\n'),
    ).toHaveLength(11);
  });

  test('every period of the dashboard has at most 500 points a series', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const call = httpClient(server.url, body.token);
    for (const periodo of ['1h', '24h', '7d', '30d', '1a']) {
      const spans: Record<string, number> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720, '1a': 8_760 };
      const step = ((spans[periodo] ?? 0) * 3_600_000) / 1_000;
      const points = Array.from({ length: 1_000 }, (_, n) => ({
        cpu: 1,
        memoria: 2,
        disco: 3,
        em: new Date(Date.now() - n * step).toISOString(),
      }));
      expect((await call('POST', '/maquinas/heartbeat', points)).status).toBe(200);
      const dashboard = await server.call('GET', `/maquinas/${body.maquina.id}/dashboard?periodo=${periodo}`);
      expect(dashboard.body.series.cpu.length).toBeWithin(1, 501);
      expect(dashboard.body).toMatchObject({
        maquina: { id: body.maquina.id },
        licenca: { id: licenca.id },
        anomalias: [],
        alertas: [],
      });
    }
    expect((await server.call('GET', `/maquinas/${body.maquina.id}/dashboard?periodo=2h`)).status).toBe(422);
  });
});
