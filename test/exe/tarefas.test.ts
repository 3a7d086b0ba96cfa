import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { adminClient, eventually } from '../support/app';
import { scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

describe('the executable on a moved clock', () => {
  test('does once what was missed while it was stopped, and says when it comes next on that clock', async () => {
    const data = join(folder.path, 'data');
    const first = await serve(data);
    await first.signal('SIGTERM');
    const days = 3;
    const second = await serve(data, { NARCIDI_CLOCK_OFFSET: String(days * 86_400) });
    const api = await adminClient(second.url);
    const runs = await eventually(
      () => api('GET', '/tarefas/renovar_assinaturas/execucoes'),
      ({ body }) => body.itens[0]?.fim !== null && body.itens.length > 0,
    );
    expect(runs.body.itens).toMatchObject([{ origem: 'atraso', resultado: 'sucesso' }]);
    const { body } = await api('GET', '/tarefas/renovar_assinaturas');
    const ahead = Date.parse(body.proxima_em) - Date.now() - days * 86_400_000;
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(6 * 3_600_000);
    expect(await second.signal('SIGTERM')).toBe(0);
  });
});
