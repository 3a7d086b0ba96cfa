import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { activate, adminClient, createLicenca, eventually, unique } from '../support/app';
import { run, scratch, serve } from '../support/executable';

const roomBytes = 24 * 1024 * 1024;
let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

describe('a disk that fills up in mid-write', () => {
  test('is told as 507, keeps answering verification, loses nothing acknowledged, and recovers by itself', async () => {
    const data = join(folder.path, 'data');
    mkdirSync(data);
    // The server lives in a mount namespace of its own; the test reaches its disk through /proc.
    const wrapper = [
      'unshare',
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=${roomBytes} tmpfs "${data}" && exec "$0" "$@"`,
    ];
    const server = await serve(data, {}, folder.path, wrapper);
    const call = await adminClient(server.url);
    const { licenca } = await createLicenca({ call }, { limite_maquinas: 100 });
    const { body } = await activate({ call }, licenca.chave);
    const seen = join('/proc', String(server.lines[0]?.pid), 'root', data);
    const filler = join(seen, 'enchimento');
    expect(existsSync(join(seen, 'narcidi.db'))).toBe(true);
    fill(filler);

    const acknowledged: string[] = [];
    const refused = await eventually(
      async () => {
        const nome = unique('Cliente').padEnd(180, 'x');
        const answer = await call('POST', '/clientes', { nome, email: `${unique('c')}@exemplo.com.br` });
        if (answer.status === 201) acknowledged.push(answer.body.id);
        return answer;
      },
      ({ status }) => status !== 201,
    );
    expect(refused.body).toMatchObject({ status: 507, codigo: 'ARMAZENAMENTO_CHEIO', definitivo: false });
    expect(JSON.stringify(refused.body)).not.toContain('at ');
    const backup = await call('POST', '/backups');
    expect(backup.body).toMatchObject({ status: 507, codigo: 'ARMAZENAMENTO_CHEIO' });
    const verified = await call('GET', `/licencas/verificar/${licenca.chave}?impressao=${body.maquina.impressao}`);
    expect(verified.body).toMatchObject({ valida: true, codigo: 'VALIDA' });
    const ready = await fetch(`${server.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(((await ready.json()) as { partes: { disco: string } }).partes.disco).toContain('MiB');

    rmSync(filler);
    const again = await eventually(
      () => call('POST', '/clientes', { nome: 'Depois', email: `${unique('c')}@exemplo.com.br` }),
      ({ status }) => status === 201,
    );
    acknowledged.push(again.body.id);
    for (const id of acknowledged) expect((await call('GET', `/clientes/${id}`)).status).toBe(200);
    expect((await call('GET', '/auditoria/verificar')).body.integra).toBe(true);
    await eventually(
      async () => (await call('GET', '/alertas/?status=aberto')).body.itens,
      (itens: { regra: string }[]) => itens.some(({ regra }) => regra === 'Disco quase cheio'),
    );
    const copy = join(folder.path, 'depois.tar.zst');
    const made = await call('POST', '/backups');
    expect(made.status).toBe(201);
    writeFileSync(copy, await Bun.file(join(seen, 'backups', made.body.arquivo)).bytes());
    await server.signal('SIGTERM');
    const restored = join(folder.path, 'restaurada');
    expect((await run(['restore', copy, '--data', restored])).exitCode).toBe(0);
    expect((await run(['doctor', '--data', restored, '--port', '0', '--mqtt-port', '0'])).exitCode).toBe(0);
  }, 60_000);
});

/** Leaves no byte free. */
function fill(path: string): void {
  for (let size = roomBytes; size > 1_024; size = Math.floor(size / 2)) {
    while (append(path, size)) {
      // Until this much no longer fits.
    }
  }
}

function append(path: string, bytes: number): boolean {
  try {
    writeFileSync(path, Buffer.alloc(bytes), { flag: 'a' });
    return true;
  } catch {
    return false;
  }
}
