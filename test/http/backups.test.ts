import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, createLicenca, eventsOf, startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
  await createLicenca(server);
});
afterAll(() => server.stop());

async function create(): Promise<Answer['body']> {
  const { status, body, headers } = await server.call('POST', '/backups/');
  expect(status).toBe(201);
  expect(headers.get('location')).toBe(`/api/v1/backups/${body.id}`);
  return body;
}

describe('/backups', () => {
  test('makes one that is verified, listed, told, and whole when downloaded', async () => {
    const made = await create();
    expect(made).toMatchObject({ origem: 'manual', cifrado: false, verificacao: { ok: true }, simulacro: null });
    expect(made.contagens.sqlite.licencas).toBe(1);
    const { body } = await server.call('GET', '/backups/?limite=1');
    expect(body.itens).toEqual([made]);
    expect((await server.call('GET', `/backups/${made.id}`)).body).toEqual(made);
    expect(eventsOf(server, made.id)).toEqual(['backup.concluido']);
    const { access_token } = (await (
      await fetch(`${server.url}/api/v1/auth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'password',
          username: 'admin@exemplo.com.br',
          password: 'senha-de-teste',
        }),
      })
    ).json()) as { access_token: string };
    const headers = { authorization: `Bearer ${access_token}` };
    const file = await fetch(`${server.url}/api/v1/backups/${made.id}/download`, { headers });
    const bytes = Buffer.from(await file.arrayBuffer());
    expect(bytes.length).toBe(made.tamanho);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(made.sha256);
    expect(file.headers.get('content-disposition')).toContain(made.arquivo);
    const range = { ...headers, range: 'bytes=0-3' };
    const part = await fetch(`${server.url}/api/v1/backups/${made.id}/download`, { headers: range });
    expect(part.status).toBe(206);
    // The magic number of Zstandard.
    expect(Buffer.from(await part.arrayBuffer()).toString('hex')).toBe('28b52ffd');
  });

  test('pages through them in both orders', async () => {
    await create();
    await create();
    const first = await server.call('GET', '/backups/?limite=2&ordem=criado_em&total=true');
    const second = await server.call(
      'GET',
      `/backups/?limite=2&ordem=criado_em&cursor=${encodeURIComponent(first.body.proximo_cursor)}`,
    );
    const ids = [...first.body.itens, ...second.body.itens].map(({ id }: { id: string }) => id);
    expect(ids).toEqual([...ids].sort());
    expect(ids).toHaveLength(first.body.total);
    expect(second.body.proximo_cursor).toBeNull();
  });

  test('finds a damaged one, says so in the list, and tells of it', async () => {
    const { id, arquivo } = await create();
    expect((await server.call('POST', `/backups/${id}/verificar`)).body.verificacao.ok).toBe(true);
    const path = join(server.data, 'backups', arquivo);
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const { status, body } = await server.call('POST', `/backups/${id}/verificar`);
    expect(status).toBe(200);
    expect(body.verificacao).toMatchObject({ ok: false });
    expect((await server.call('GET', `/backups/${id}`)).body.verificacao).toEqual(body.verificacao);
    expect(eventsOf(server, id)).toEqual(['backup.concluido', 'backup.falhou']);
    expect((await server.call('DELETE', `/backups/${id}`)).status).toBe(204);
    expect((await server.call('GET', `/backups/${id}`)).status).toBe(404);
    expect(readdirSync(join(server.data, 'backups')).filter((name) => name.startsWith(arquivo))).toEqual([]);
  });

  test('are made and drilled by their jobs', async () => {
    const backup = await server.call('POST', '/tarefas/backup/executar');
    expect(backup.body.ultima).toMatchObject({ resultado: 'sucesso' });
    const drill = await server.call('POST', '/tarefas/simulacro_restauracao/executar');
    expect(drill.body.ultima).toMatchObject({ resultado: 'sucesso' });
    const [newest] = (await server.call('GET', '/backups/?limite=1')).body.itens;
    expect(newest).toMatchObject({ origem: 'agenda', simulacro: { ok: true } });
    expect(newest.simulacro.detalhe).toMatch(/^\d+ arquivos, \d+ linhas e \d+ entradas iguais às do manifesto$/);
  });

  test('made by command beside the server are told of once, by the daily look', async () => {
    const main = join(import.meta.dir, '../../src/main.ts');
    const made = Bun.spawn([process.execPath, main, 'backup', 'create', '--data', server.data, '--json']);
    const { id, origem } = JSON.parse(await new Response(made.stdout).text());
    expect(origem).toBe('comando');
    expect(eventsOf(server, id)).toEqual([]);
    for (let time = 0; time < 2; time += 1) {
      const look = await server.call('POST', '/tarefas/conferir_backups/executar');
      expect(look.body.ultima).toMatchObject({ resultado: 'sucesso' });
      expect(eventsOf(server, id)).toEqual(['backup.concluido']);
    }
  });

  test('that are more than two days old are told of', async () => {
    const { id, arquivo, criado_em } = await create();
    const fresh = await server.call('POST', '/tarefas/conferir_backups/executar');
    expect(fresh.body.ultima).toMatchObject({
      resultado: 'sucesso',
      detalhe: `o backup mais novo, ${arquivo}, tem 0 horas`,
    });
    const folder = join(server.data, 'backups');
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.json'))) {
      const record = JSON.parse(readFileSync(join(folder, name), 'utf8'));
      writeFileSync(join(folder, name), JSON.stringify({ ...record, criado_em: record.criado_em - 49 * 3_600_000 }));
    }
    const old = await server.call('POST', '/tarefas/conferir_backups/executar');
    expect(old.body.ultima.detalhe).toEndWith('tem 49 horas');
    expect(Date.parse(criado_em)).toBeGreaterThan(0);
    expect(eventsOf(server, id).at(-1)).toBe('backup.falhou');
  });
});
