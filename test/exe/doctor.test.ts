import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { adminClient, createLicenca } from '../support/app';
import { run, scratch, serve } from '../support/executable';

let folder: ReturnType<typeof scratch>;
let data: string;
beforeAll(async () => {
  folder = scratch();
  data = join(folder.path, 'data');
});
afterAll(() => folder.remove());

interface Finding {
  nome: string;
  ok: boolean;
  detalhe: string;
  remedio?: string;
}

async function doctor(
  env: Record<string, string> = {},
): Promise<{ exitCode: number; of: (nome: string) => Finding | undefined }> {
  const { stdout, exitCode } = await run(['doctor', '--json', '--data', data, '--port', '0', '--mqtt-port', '0'], {
    env,
  });
  const { verificacoes } = JSON.parse(stdout) as { verificacoes: Finding[] };
  return { exitCode, of: (nome) => verificacoes.find((finding) => finding.nome === nome) };
}

describe('doctor', () => {
  test('reads both stores while a server runs, and says what is outside', async () => {
    const server = await serve(data);
    const call = await adminClient(server.url);
    for (let n = 0; n < 20; n += 1) await createLicenca({ call });
    await call('POST', '/backups');
    const running = await doctor();
    expect(running.exitCode).toBe(0);
    expect(running.of('heartbeats')?.detalhe).toMatch(/^every one of \d+ entries reads$/);
    expect(running.of('backups')?.detalhe).toContain('is 0.0 days old');
    expect(await server.signal('SIGTERM')).toBe(0);
  });

  test('names a mail server that does not answer and a certificate that is none, each with a remedy', async () => {
    const certificate = join(folder.path, 'nada.pem');
    writeFileSync(certificate, 'nada');
    const { exitCode, of } = await doctor({
      NARCIDI_SMTP_URL: 'smtp://127.0.0.1:1',
      NARCIDI_TLS_CERT: certificate,
      NARCIDI_TLS_KEY: certificate,
    });
    expect(exitCode).toBe(1);
    expect(of('mail')).toMatchObject({ ok: false, detalhe: '127.0.0.1:1 ECONNREFUSED', remedio: expect.any(String) });
    expect(of('certificate')).toMatchObject({ ok: false, remedio: expect.any(String) });
  });

  test('finds a corrupt page of the database, and a backup of it is refused', async () => {
    const file = join(data, 'narcidi.db');
    // What still stands in the write-ahead log would be read in place of the damaged pages.
    const db = new Database(file);
    db.run('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    const { size } = statSync(file);
    const intact = readFileSync(file);
    const handle = openSync(file, 'r+');
    for (let at = 8 * 4096; at < size; at += 4096) writeSync(handle, Buffer.alloc(64, 0xa5), 0, 64, at);
    closeSync(handle);
    const { exitCode, of } = await doctor();
    expect(exitCode).toBe(1);
    expect(of('database')).toMatchObject({ ok: false, remedio: 'restore the newest backup' });
    const refused = await run(['backup', 'create', '--data', data]);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.trim().split('\n')).toHaveLength(1);
    writeFileSync(file, intact);
    expect((await doctor()).exitCode).toBe(0);
  });
});
