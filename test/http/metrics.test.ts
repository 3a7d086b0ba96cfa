import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createLicenca, startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const metrics = (headers: Record<string, string> = {}) => fetch(`${server.url}/metrics`, { headers });

describe('/metrics', () => {
  test('counts by route, never by what stands in its place, and tells of every part', async () => {
    const { licenca } = await createLicenca(server);
    await server.call('GET', `/licencas/${licenca.id}`);
    await server.call('GET', `/licencas/verificar/${licenca.chave}`);
    await server.call('GET', '/nada/disto/existe');
    const response = await metrics();
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toStartWith('text/plain; version=0.0.4');
    const text = await response.text();
    for (const rota of ['/api/v1/licencas/:id', '/api/v1/licencas/verificar/:chave']) {
      expect(text).toContain(`narcidi_http_duracao_segundos_count{metodo="GET",rota="${rota}",status="200"} 1`);
    }
    expect(text).toContain('rota="outra",status="404"');
    expect(text).not.toContain(licenca.id);
    expect(text).not.toContain(licenca.chave);
    for (const name of [
      'narcidi_process_resident_memory_bytes',
      'narcidi_mqtt_connections',
      'narcidi_tarefas_execucoes',
      'narcidi_tarefas_falhas_seguidas{item="backup"}',
      'narcidi_eventos_atraso_ms{item="alertas"}',
      'narcidi_disco_livre_bytes',
    ]) {
      expect(text).toContain(`\n${name}`);
    }
    // Every line is a comment or one sample: what Prometheus reads.
    const sample = /^[a-zA-Z_:][\w:]*(\{[^}]*\})? (-?[\d.e+-]+|NaN|[+-]?Inf)$/;
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !sample.test(line))).toEqual([]);
  });

  test('is for this machine, or a token; a proxy on this machine does not count as it', async () => {
    expect((await metrics({ 'x-forwarded-for': '203.0.113.7' })).status).toBe(401);
    expect((await metrics({ authorization: 'Bearer nada' })).status).toBe(401);
  });
});

test('/readyz names every part', async () => {
  const response = await fetch(`${server.url}/readyz`);
  expect(await response.json()).toMatchObject({
    status: 'ok',
    partes: { sqlite: 'ok', lmdb: 'ok', disco: 'ok', eventos: 'ok', tarefas: 'ok' },
  });
});
