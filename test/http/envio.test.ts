/** Uploads that go wrong: each is refused with its reason, and nothing of it is left. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Answer, eventually, startServer, type TestServer, unique } from '../support/app';
import { createProduto, type Publisher, publisher, sha256 } from '../support/versoes';

const bytesMax = 200_000;
let server: TestServer;
let admin: Publisher;
let produto: string;
beforeAll(async () => {
  server = await startServer({ NARCIDI_UPLOAD_MAX: String(bytesMax) });
  admin = await publisher(server);
  produto = await createProduto(server, unique('produto'));
});
afterAll(() => server.stop());

/** Everything below the folder of versions that is a file. */
const stored = (): string[] =>
  readdirSync(join(server.data, 'versoes'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();

/** A request as bytes of our own making. */
async function raw(body: string, type = 'multipart/form-data; boundary=b'): Promise<unknown[]> {
  const response = await admin.raw('/uploads/versao', { method: 'POST', body, headers: { 'content-type': type } });
  return [response.status, ((await response.json()) as Answer['body']).codigo];
}

const part = (head: string, content: string): string =>
  `--b\r\ncontent-disposition: form-data; ${head}\r\n\r\n${content}\r\n`;

describe('a bad upload', () => {
  const fields: [string, Record<string, string>, string][] = [
    ['no version', { versao: '' }, 'versao'],
    ['v1.0.0', { versao: 'v1.0.0' }, 'versao'],
    ['1.0', { versao: '1.0' }, 'versao'],
    ['01.0.0', { versao: '01.0.0' }, 'versao'],
    ['1.0.0-01', { versao: '1.0.0-01' }, 'versao'],
    ['a version of 65 characters', { versao: `1.0.0-${'a'.repeat(59)}` }, 'versao'],
    ['a number beyond counting', { versao: '1.0.99999999999999999999' }, 'versao'],
    ['an unknown product', { produto: 'nenhum' }, 'produto'],
    ['an unknown channel', { canal: 'noturno' }, 'canal'],
    ['an unknown platform', { plataforma: 'plan9' }, 'plataforma'],
    ['an unknown architecture', { arquitetura: 'vax' }, 'arquitetura'],
    ['a least version that is none', { versao_minima: 'x' }, 'versao_minima'],
    ['a least version above its own', { versao_minima: '2.0.0' }, 'versao_minima'],
    ['a rollout of 101 %', { distribuicao_pct: '101' }, 'distribuicao_pct'],
    ['a rollout of -1 %', { distribuicao_pct: '-1' }, 'distribuicao_pct'],
    ['neither true nor false', { obrigatoria: 'talvez' }, 'obrigatoria'],
    ['requirements that are no JSON', { requisitos: '{' }, 'requisitos'],
    ['requirements that are a list', { requisitos: '[]' }, 'requisitos'],
    ['a requirement nobody knows', { requisitos: '{"lua":"cheia"}' }, 'requisitos.lua'],
    ['an operating system that is no number', { requisitos: '{"so_minimo":"onze"}' }, 'requisitos.so_minimo'],
    ['features that are no names', { requisitos: '{"recursos":["a b"]}' }, 'requisitos.recursos'],
    ['a hash that is none', { sha256: 'abc' }, 'sha256'],
    ['a status of its own', { status: 'retirada' }, 'status'],
    ['notes beyond the limit', { notas: 'a'.repeat(65_537) }, 'notas'],
  ];
  test.each(fields)('with %s names the field', async (_, given, campo) => {
    const before = stored();
    const { status, body } = await admin.send({ produto, ...given }, unique('x'));
    expect([status, body.codigo, body.erros[0].campo]).toEqual([422, 'VALIDACAO', campo]);
    expect(stored()).toEqual(before);
  });

  const names = [
    '../x.exe',
    'a/b.exe',
    'a\\b.exe',
    'C:x.exe',
    '..',
    '.',
    ' x.exe',
    'x.exe ',
    'x.',
    'x*.exe',
    'x'.repeat(256),
  ];
  test.each(names)('whose file is called "%s" is refused', async (nome) => {
    const head = `name="arquivo"; filename="${nome.replaceAll('\\', '\\\\')}"`;
    expect(await raw(`${part('name="versao"', '1.0.0')}${part(head, 'x')}--b--`)).toEqual([422, 'VALIDACAO']);
  });

  test('that is no multipart, has no file, two files, a stray file, a field twice, or is cut off, is refused', async () => {
    const before = stored();
    const versao = part('name="versao"', '1.0.0');
    const file = part('name="arquivo"; filename="a"', unique('x'));
    expect(await raw('{}', 'application/json')).toEqual([415, 'TIPO_DE_CONTEUDO']);
    expect(await raw('x', 'multipart/form-data')).toEqual([415, 'TIPO_DE_CONTEUDO']);
    expect(await raw('nada disso')).toEqual([400, 'REQUISICAO_INVALIDA']);
    expect(await raw(`${versao}--b--`)).toEqual([422, 'VALIDACAO']);
    expect(await raw(`${versao}${file}${file}--b--`)).toEqual([422, 'VALIDACAO']);
    expect(await raw(`${versao}${part('name="foto"; filename="a"', 'x')}--b--`)).toEqual([422, 'VALIDACAO']);
    expect(await raw(`${versao}${versao}${file}--b--`)).toEqual([422, 'VALIDACAO']);
    expect(await raw(`${versao}${file}`)).toEqual([400, 'REQUISICAO_INVALIDA']);
    expect(await raw(`${versao}${part('name="arquivo"; filename="a"', '')}--b--`)).toEqual([422, 'VALIDACAO']);
    expect(stored()).toEqual(before);
  });

  test('that is larger than the setting is 413, announced or not', async () => {
    const before = stored();
    const announced = await admin.send({ produto }, 'x'.repeat(bytesMax + 1));
    expect([announced.status, announced.body.codigo]).toEqual([413, 'CORPO_GRANDE_DEMAIS']);
    const whole = new TextEncoder().encode(
      `${part('name="versao"', '1.0.0')}${part('name="arquivo"; filename="a"', 'x'.repeat(bytesMax + 1))}--b--`,
    );
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(whole);
        controller.close();
      },
    });
    const headers = { 'content-type': 'multipart/form-data; boundary=b' };
    const response = await admin.raw('/uploads/versao', { method: 'POST', body, headers });
    expect(response.status).toBe(413);
    expect(stored()).toEqual(before);
    expect((await admin.send({ produto, versao: '0.0.1' }, 'x'.repeat(bytesMax))).status).toBe(201);
  });

  test('that is not what was declared is refused', async () => {
    const before = stored();
    const content = unique('x');
    for (const given of [{ sha256: sha256('outro') }, { tamanho: '1' }]) {
      const { status, body } = await admin.send({ produto, ...given }, content);
      expect([status, body.codigo]).toEqual([422, 'HASH_DIVERGENTE']);
    }
    expect(stored()).toEqual(before);
    const declared = { sha256: sha256(content).toUpperCase(), tamanho: String(content.length) };
    expect((await admin.send({ produto, versao: '0.0.2', ...declared }, content)).status).toBe(201);
  });

  test('whose sender hangs up leaves nothing, and is seen to have failed', async () => {
    const before = stored();
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const head = part('name="arquivo"; filename="a"', 'x'.repeat(50_000));
    socket.write(
      `POST /api/v1/uploads/versao?envio=cortado HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${admin.token}\r\n` +
        `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 150000\r\n\r\n${head}`,
    );
    const progress = (): Promise<Answer> => server.call('GET', '/uploads/progresso/cortado');
    const under = await eventually(progress, ({ body }) => body.recebidos > 0);
    expect(under.body).toMatchObject({ estado: 'recebendo', total: 150_000, versao_id: null });
    socket.destroy();
    const failed = await eventually(progress, ({ body }) => body.estado !== 'recebendo');
    expect(failed.body).toMatchObject({ estado: 'falhou', codigo: 'REQUISICAO_INVALIDA' });
    expect(stored()).toEqual(before);
  });
});

describe('the same version', () => {
  test('twice is 409 and names the first; another architecture or channel is another', async () => {
    const own = await createProduto(server, unique('produto'));
    const windows = { produto: own, plataforma: 'windows', arquitetura: 'x64' };
    const first = await admin.send(windows);
    const again = await admin.send(windows, 'outro conteúdo');
    expect([again.status, again.body.codigo, again.body.versao_id]).toEqual([409, 'VERSAO_DUPLICADA', first.body.id]);
    expect((await admin.send({ ...windows, versao: '1.0.0+build.7' })).status).toBe(409);
    expect((await admin.send({ ...windows, arquitetura: 'arm64' })).status).toBe(201);
    const beta = await admin.send({ ...windows, canal: 'beta' });
    expect(beta.status).toBe(201);
    const moved = await server.call('PUT', `/uploads/versao/${beta.body.id}`, { canal: 'estavel' });
    expect([moved.status, moved.body.codigo]).toEqual([409, 'VERSAO_DUPLICADA']);
  });

  test('sent ten times at once is one', async () => {
    const own = await createProduto(server, unique('produto'));
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => admin.send({ produto: own }, `conteúdo ${n}`)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    const files = answers.map((_, n) => sha256(`conteúdo ${n}`)).filter((hash) => stored().includes(hash));
    expect(files).toEqual([answers.find(({ status }) => status === 201)?.body.sha256]);
  });

  test('under one Idempotency-Key is answered as the first time; another file under it is 422', async () => {
    const own = await createProduto(server, unique('produto'));
    const key = unique('chave');
    const send = async (content: string): Promise<Answer> => {
      const form = new FormData();
      form.append('versao', '1.0.0');
      form.append('produto', own);
      form.append('arquivo', new Blob([content]), 'a.bin');
      const headers = { 'idempotency-key': key };
      const response = await admin.raw('/uploads/versao', { method: 'POST', body: form, headers });
      return { status: response.status, headers: response.headers, body: await response.json() };
    };
    const first = await send('um');
    const second = await send('um');
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.headers.get('location')).toBe(first.headers.get('location'));
    const other = await send('dois');
    expect([other.status, other.body.codigo]).toEqual([422, 'IDEMPOTENCIA_DIVERGENTE']);
    expect(stored()).not.toContain(sha256('dois'));
    expect(stored().filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('what an upload that a crash cut off left behind', () => {
  test('is gone after the next start, and a content nobody refers to too', async () => {
    const { writeFileSync, mkdirSync } = await import('node:fs');
    const { openContentStore } = await import('../../src/storage/files/content-store');
    const folder = join(server.data, 'outra');
    mkdirSync(join(folder, 'recebendo'), { recursive: true });
    writeFileSync(join(folder, 'recebendo', 'x.part'), 'metade');
    openContentStore(folder);
    expect(readdirSync(join(folder, 'recebendo'))).toEqual([]);
  });
});
