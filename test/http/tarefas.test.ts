import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('/tarefas', () => {
  test('lists every job with its schedule and the moment it comes next', async () => {
    const { status, body } = await server.call('GET', '/tarefas/');
    expect(status).toBe(200);
    const names = body.itens.map((tarefa: { nome: string }) => tarefa.nome);
    expect(names).toEqual([...names].sort());
    for (const nome of ['licencas_expirando', 'maquinas_offline', 'renovar_assinaturas']) expect(names).toContain(nome);
    const offline = body.itens.find((tarefa: { nome: string }) => tarefa.nome === 'maquinas_offline');
    expect(offline).toMatchObject({ agenda: '*/5 * * * *', ativa: true });
    expect(Date.parse(offline.proxima_em) % 300_000).toBe(0);
    expect(offline.proxima_em).toMatch(/Z$/);
  });

  test('runs one now, and keeps the run', async () => {
    const { status, body } = await server.call('POST', '/tarefas/licencas_expirando/executar');
    expect(status).toBe(200);
    expect(body.ultima).toMatchObject({ origem: 'manual', resultado: 'sucesso', detalhe: '0 avisos' });
    expect(Date.parse(body.ultima.fim)).toBeGreaterThanOrEqual(Date.parse(body.ultima.inicio));
    const runs = await server.call('GET', '/tarefas/licencas_expirando/execucoes?limite=1');
    expect(runs.body.itens).toEqual([body.ultima]);
  });

  test('gives one another schedule, in the time zone of the installation, and back', async () => {
    const changed = await server.call('PUT', '/tarefas/licencas_expirando', { agenda: '30 3 * * *' });
    expect(changed.body).toMatchObject({ agenda: '30 3 * * *', agenda_padrao: '0 * * * *' });
    expect(changed.body.proxima_em).toMatch(/T06:30:00\.000Z$/);
    const etag = changed.headers.get('etag') ?? '';
    const stale = await server.call('PUT', '/tarefas/licencas_expirando', { agenda: null }, { 'if-match': '"99"' });
    expect(stale.body.codigo).toBe('VERSAO_DESATUALIZADA');
    const back = await server.call('PUT', '/tarefas/licencas_expirando', { agenda: null }, { 'if-match': etag });
    expect(back.body.agenda).toBe('0 * * * *');
    const paused = await server.call('PUT', '/tarefas/licencas_expirando', { ativa: false });
    expect(paused.body).toMatchObject({ ativa: false, proxima_em: null });
    await server.call('PUT', '/tarefas/licencas_expirando', { ativa: true });
  });

  test('refuses a schedule that never comes and a job there is not', async () => {
    const refused = await server.call('PUT', '/tarefas/licencas_expirando', { agenda: '0 0 30 2 *' });
    expect(refused.status).toBe(422);
    expect(refused.body.erros[0].campo).toBe('agenda');
    for (const [method, path] of [
      ['GET', '/tarefas/nenhuma'],
      ['GET', '/tarefas/nenhuma/execucoes'],
      ['POST', '/tarefas/nenhuma/executar'],
    ] as const) {
      expect((await server.call(method, path)).body.codigo).toBe('NAO_ENCONTRADO');
    }
  });
});
