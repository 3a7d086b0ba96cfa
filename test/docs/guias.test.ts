/**
 * The guides: they are served, and what they show works. Shell blocks are run in order by bash against the executable, with the
 * variables that earlier blocks have set; TypeScript by bun, Python by python3, JSON is parsed, nginx's by nginx where there is
 * one. `console` is for what changes a machine, such as starting a service, and is the only kind that is not run.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Problem, problemCatalogue } from '../../src/core/problem';
import { guias, type Lingua } from '../../src/docs/guias';
import { anchorOf, enderecoOf } from '../../src/docs/pagina';
import { startServer, type TestServer } from '../support/app';

const linguas: readonly Lingua[] = ['pt', 'en'];
let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

interface Block {
  kind: string;
  text: string;
}

function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)].map(([, kind = '', text = '']) => ({ kind, text }));
}

/** As the guide is written, for the server of this test. */
function forServer(text: string): string {
  const mqtt = new URL(server.mqttUrl.replace('mqtt:', 'http:'));
  return text
    .replaceAll('http://127.0.0.1:8080', server.url)
    .replaceAll('-h 127.0.0.1 -p 1883', `-h ${mqtt.hostname} -p ${mqtt.port}`);
}

async function run(
  command: string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<{ code: number; out: string }> {
  const child = Bun.spawn(command, { cwd, env: { ...process.env, ...env }, stdout: 'pipe', stderr: 'pipe' });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out: out + err };
}

describe.each(linguas)('the guides in %s', (lingua) => {
  // Within the repository, so that what they import is found.
  const root = resolve(import.meta.dir, '../../.cache/guias');
  mkdirSync(root, { recursive: true });
  const folder = mkdtempSync(join(root, `${lingua}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const env: Record<string, string> = {};

  test('do in the shell what they say, one after another', async () => {
    const blocks = guias.flatMap(({ texto }) => blocksOf(texto[lingua])).filter(({ kind }) => kind === 'sh');
    expect(blocks.length).toBeGreaterThan(12);
    const script = ['set -euo pipefail', ...blocks.map(({ text }) => forServer(text)), 'echo', 'echo "CHAVE=$CHAVE"'];
    const { code, out } = await run(['bash', '-c', script.join('\n')], folder);
    expect({ code, out }).toMatchObject({ code: 0 });
    env.CHAVE = /^CHAVE=(.+)$/m.exec(out)?.[1] ?? '';
    expect(env.CHAVE).toMatch(/^[0-9A-Z-]{29}$/);
  });

  test('show programs that run', async () => {
    env.SERVIDOR = server.url;
    const programs = guias.flatMap(({ slug, texto }) =>
      blocksOf(texto[lingua])
        .filter(({ kind }) => kind === 'ts' || kind === 'python')
        .map((block, index) => ({ ...block, name: `${slug}-${index}` })),
    );
    expect(programs.length).toBeGreaterThanOrEqual(4);
    for (const { kind, text, name } of programs) {
      const file = join(folder, `${name}.${kind === 'ts' ? 'ts' : 'py'}`);
      writeFileSync(file, text);
      const { code, out } = await run([kind === 'ts' ? process.execPath : 'python3', file], folder, env);
      expect({ name, code, out }).toMatchObject({ code: 0 });
      expect({ name, out: out.trim() }).not.toEqual({ name, out: 'false' });
    }
  });

  test('show nothing of a kind that nobody checks', async () => {
    for (const { texto, slug } of guias) {
      for (const { kind, text } of blocksOf(texto[lingua])) {
        if (kind === 'json') JSON.parse(text);
        else if (kind === 'nginx') await checkNginx(text, folder);
        else
          expect({ slug, kind, known: ['sh', 'ts', 'python', 'console'].includes(kind) }).toMatchObject({
            known: true,
          });
      }
    }
  });

  test('are served, every link within them leads somewhere, and none runs a script inline', async () => {
    for (const { slug, texto } of guias) {
      const response = await fetch(server.url + enderecoOf(lingua, slug));
      const html = await response.text();
      expect([slug, response.status]).toEqual([slug, 200]);
      expect(html).not.toMatch(/<script>|\son\w+=/);
      for (const [, href = ''] of texto[lingua].matchAll(/\]\((\/docs[^)#]*)/g)) {
        expect([href, (await fetch(server.url + href)).status]).toEqual([href, 200]);
      }
    }
  });
});

describe('the guide to errors', () => {
  test('has a place for every code, where its problem document points to', async () => {
    const html = await (await fetch(`${server.url}/docs/erros`)).text();
    const { type } = new Problem('NAO_ENCONTRADO').document('/', null);
    expect(type).toBe(`/docs/erros#${anchorOf('NAO_ENCONTRADO')}`);
    const missing = problemCatalogue().filter(({ codigo }) => !html.includes(`id="${anchorOf(codigo)}"`));
    expect(missing).toEqual([]);
  });

  test('and what is not there is no guide', async () => {
    expect((await fetch(`${server.url}/docs/nada`)).status).toBe(404);
    expect((await fetch(`${server.url}/docs/indice.json?lingua=en`)).status).toBe(200);
  });
});

/** The certificate is the reader's own: without one nginx cannot judge the rest. */
async function checkNginx(text: string, folder: string): Promise<void> {
  if (!existsSync('/usr/sbin/nginx')) {
    console.warn('nginx is not installed here: its block in the guides was not checked');
    return;
  }
  const file = join(folder, 'nginx.conf');
  const plain = text.replace('listen 443 ssl;', 'listen 127.0.0.1:8443;');
  writeFileSync(
    file,
    `pid ${folder}/nginx.pid;\nerror_log ${folder}/error.log;\nevents {}\nhttp {\naccess_log off;\n${plain}\n}\n`,
  );
  const { code, out } = await run(['/usr/sbin/nginx', '-t', '-q', '-c', file], folder);
  expect({ code, out }).toMatchObject({ code: 0 });
}
