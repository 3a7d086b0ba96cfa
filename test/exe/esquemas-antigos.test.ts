/**
 * The data folder of each earlier schema, made by the release that had it, opens in this executable: with a backup first, and
 * nothing lost. Each archive in test/fixtures/esquemas holds one customer, a licence, a machine that was heard and a blocked
 * one; `esperado.json` says which.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adminClient, httpClient } from '../support/app';
import { run, scratch, serve } from '../support/executable';

const fixtures = join(import.meta.dir, '../fixtures/esquemas');
const esquemas = readdirSync(fixtures).map((name) => name.replace('.tar.zst', ''));

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

interface Esperado {
  cliente: string;
  licenca: string;
  chave: string;
  maquina: string;
  token: string;
  bloqueada: string;
}

function unpack(esquema: string): { data: string; esperado: Esperado } {
  const data = join(folder.path, esquema);
  mkdirSync(data, { mode: 0o700 });
  const archive = Bun.zstdDecompressSync(readFileSync(join(fixtures, `${esquema}.tar.zst`)));
  const { success, stderr } = Bun.spawnSync(['tar', '-x', '-C', data], { stdin: archive });
  if (!success) throw new Error(stderr.toString());
  return { data, esperado: JSON.parse(readFileSync(join(data, 'esperado.json'), 'utf8')) as Esperado };
}

const verify = (chave: string, impressao: string) => `/licencas/verificar/${chave}?impressao=${impressao}`;

describe('an upgrade', () => {
  test.each(esquemas)('from schema %s keeps everything, and a backup of how it was', async (esquema) => {
    const { data, esperado } = unpack(esquema);
    const server = await serve(data, { NARCIDI_METRICS_HOUR_DAYS: '3650' });
    const anyone = httpClient(server.url, null);
    expect((await anyone('GET', verify(esperado.chave, 'caixa-01'))).body.codigo).toBe('VALIDA');
    expect((await anyone('GET', verify(esperado.chave, 'caixa-02'))).body.codigo).toBe('MAQUINA_BLOQUEADA');
    const own = httpClient(server.url, esperado.token);
    expect((await own('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 1, disco: 1 })).status).toBe(200);

    const call = await adminClient(server.url);
    expect((await call('GET', `/clientes/${esperado.cliente}`)).body.nome).toBe('Padaria Antiga');
    expect((await call('GET', `/maquinas/${esperado.bloqueada}`)).body).toMatchObject({
      nome: 'CAIXA-02',
      bloqueada: true,
      motivo_bloqueio: 'antes da atualização',
    });
    const csv = () => call('GET', `/maquinas/${esperado.maquina}/export?de=2026-11-01T00:00:00Z`);
    expect((await csv()).body).toContain(',11,22,33');
    const rolled = await call('POST', '/tarefas/compactar_metricas/executar');
    expect(rolled.body.ultima).toMatchObject({ resultado: 'sucesso' });
    expect((await csv()).body).toContain(',11,22,33');
    expect((await call('GET', `/clientes/${esperado.cliente}/historico`)).body.itens[0].acao).toBe('criar');
    expect((await call('GET', '/auditoria/verificar')).body.integra).toBe(true);
    const { itens } = (await call('GET', '/backups/')).body;
    expect(itens.map(({ origem }: { origem: string }) => origem)).toEqual(['migracao']);
    expect(itens[0].esquema).toStartWith(esquema);
    expect(await server.signal('SIGTERM')).toBe(0);
    const { exitCode, stdout } = await run(['doctor', '--data', data, '--port', '0', '--mqtt-port', '0']);
    expect([exitCode, stdout.split('\n').filter((line) => line.startsWith('FAIL'))]).toEqual([0, []]);
  });
});
