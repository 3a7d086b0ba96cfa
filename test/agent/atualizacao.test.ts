import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AgentProcess, startAgent } from '../support/agent';
import { createLicenca, startServer, type TestServer, unique } from '../support/app';
import { executable, scratch } from '../support/executable';
import { createProduto, type Publisher, publisher } from '../support/versoes';

const here = { plataforma: 'linux', arquitetura: process.arch };
let server: TestServer;
let publish: Publisher['publish'];
let raw: Publisher['raw'];
let folder: ReturnType<typeof scratch>;
beforeAll(async () => {
  server = await startServer({ NARCIDI_HEARTBEAT_INTERVAL: '1' });
  ({ publish, raw } = await publisher(server));
});
afterAll(() => server.stop());
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder.remove());

/** How a command to update ended, as the server shows it. */
async function update(agent: AgentProcess, dados: object = {}): Promise<string> {
  const { maquina_id } = await agent.line(({ msg }) => msg === 'ready');
  const asked = await server.call('POST', `/maquinas/${maquina_id}/comandos`, { tipo: 'atualizar', dados });
  while (true) {
    const { body } = await server.call('GET', `/maquinas/${maquina_id}/comandos`);
    const { status, detalhe } = body.itens.find(({ id }: { id: string }) => id === asked.body.id);
    if (['aplicado', 'recusado', 'erro'].includes(status)) return `${status}: ${detalhe}`;
    await Bun.sleep(50);
  }
}

async function newProduct() {
  const produto = await createProduto(server, unique('p'));
  return { produto, licenca: (await createLicenca(server, { produto })).licenca };
}

describe('the software looked after', () => {
  test('is exchanged for what is ready, and comes back from what is not', async () => {
    const { produto, licenca } = await newProduct();
    const app = join(folder.path, 'programa');
    writeFileSync(app, '1.0.0 boa');
    const data = join(folder.path, 'agente');
    const agent = startAgent([
      ...['--server', server.url, '--chave', licenca.chave, '--data', data, '--atualizar-a-cada', '0'],
      ...['--software', app, '--software-versao', '1.0.0', '--software-pronto', `grep -q boa ${app}`],
      ...['--prazo-pronto', '2', '--ao-reiniciar', `sh -c 'cat ${app} >> ${app}.reinicios'`],
    ]);
    expect(await update(agent)).toBe('aplicado: já está na versão mais nova');
    await publish({ produto, versao: '1.1.0', ...here }, '1.1.0 boa ');
    expect(await update(agent)).toBe('aplicado: versão 1.1.0 instalada');
    expect([readFileSync(app, 'utf8'), readFileSync(`${app}.anterior`, 'utf8')]).toEqual(['1.1.0 boa ', '1.0.0 boa']);
    await publish({ produto, versao: '1.2.0', ...here }, '1.2.0 ruim ');
    expect(await update(agent)).toMatch(/^erro: versão 1\.2\.0 desfeita/);
    expect(readFileSync(app, 'utf8')).toBe('1.1.0 boa ');
    expect(readFileSync(`${app}.reinicios`, 'utf8')).toBe('1.1.0 boa 1.2.0 ruim 1.1.0 boa ');
    // Nothing is left of what was fetched.
    expect(readdirSync(join(data, 'atualizacoes')).filter((name) => /^[0-9a-f]{64}/.test(name))).toEqual([]);
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  test('is never exchanged for a file that was altered in the server’s store', async () => {
    const { produto, licenca } = await newProduct();
    const app = join(folder.path, 'programa');
    writeFileSync(app, 'a de antes');
    const { sha256 } = await publish({ produto, versao: '1.1.0', ...here }, unique('a verdadeira'));
    const stored = readdirSync(server.data, { recursive: true, withFileTypes: true }).find(
      ({ name }) => name === sha256,
    );
    if (!stored) throw new Error('the file is not stored by its hash');
    const path = join(stored.parentPath, stored.name);
    writeFileSync(path, readFileSync(path, 'utf8').replace('verdadeira', 'falsificada').slice(0, Bun.file(path).size));
    const agent = startAgent([
      ...['--server', server.url, '--chave', licenca.chave, '--data', join(folder.path, 'agente')],
      ...['--software', app, '--atualizar-a-cada', '0'],
    ]);
    expect(await update(agent)).toMatch(/^erro: .*jogado fora: o SHA-256 é outro/);
    expect(readFileSync(app, 'utf8')).toBe('a de antes');
    expect(await agent.signal('SIGTERM')).toBe(0);
  });
});

describe('a download that was interrupted', () => {
  test.each([
    ['goes on where it was cut off', 'a', /^aplicado/],
    // Had it begun anew, nothing would be wrong with it.
    ['is judged as a whole, what was there before included', 'b', /^erro: .*o SHA-256 é outro/],
  ])('%s', async (_, found, ending) => {
    const { produto, licenca } = await newProduct();
    const app = join(folder.path, 'programa');
    const data = join(folder.path, 'agente');
    const half = 100_000;
    const { id, sha256 } = await publish({ produto, versao: '1.1.0', ...here }, `${'a'.repeat(2 * half)}${unique('')}`);
    const { headers } = await raw(`/uploads/download/${id}`, { method: 'HEAD' });
    mkdirSync(join(data, 'atualizacoes'), { recursive: true });
    writeFileSync(join(data, 'atualizacoes', `${sha256}.part`), found.repeat(half));
    writeFileSync(join(data, 'atualizacoes', `${sha256}.part.etag`), headers.get('etag') ?? '');
    const agent = startAgent([
      ...['--server', server.url, '--chave', licenca.chave, '--data', data],
      ...['--software', app, '--atualizar-a-cada', '0'],
    ]);
    expect(await update(agent)).toMatch(ending);
    expect(existsSync(app)).toBe(found === 'a');
    expect(await agent.signal('SIGTERM')).toBe(0);
  });
});

describe('the agent itself', () => {
  /** An executable of its own to be exchanged, and beside it another that newer builds call. */
  function ownExecutable(): string {
    mkdirSync(join(folder.path, 'bin'));
    const path = join(folder.path, 'bin/narcidicontrol');
    copyFileSync(executable, path);
    linkSync(path, join(folder.path, 'real'));
    return path;
  }

  test('takes up a newer build that connects, as the same process, and no build that does not', async () => {
    const { produto, licenca } = await newProduct();
    const own = ownExecutable();
    const agent = startAgent(
      [
        ...['--server', server.url, '--chave', licenca.chave, '--data', join(folder.path, 'agente')],
        ...['--produto-agente', produto, '--atualizar-a-cada', '0', '--prazo-pronto', '4'],
      ],
      {},
      own,
    );
    const build = (versao: string, agente: string): string =>
      `#!/bin/sh\nif [ "$1" = version ]; then echo ${versao}; exit; fi\n${agente}\n`;
    const before = readFileSync(own);
    const broken: [string, string, RegExp][] = [
      ['90.0.0', build('90.0.0', 'exit 3'), /desfeito: terminou com 3/],
      ['91.0.0', build('91.0.0', 'exec sleep 60'), /desfeito: não ficou pronto em 4 s/],
      ['92.0.0', build('0.0.1', 'exit 0'), /desfeito: diz ser 0\.0\.1/],
      ['93.0.0', 'no program at all', /desfeito/],
    ];
    for (const [versao, content, reason] of broken) {
      await publish({ produto, versao, ...here }, content, 'narcidicontrol');
      expect(await update(agent, { alvo: 'agente' })).toMatch(reason);
      expect(readFileSync(own).equals(before)).toBe(true);
      expect(readdirSync(join(folder.path, 'bin'))).toEqual(['narcidicontrol']);
    }
    const newer = build('94.0.0', `exec '${join(folder.path, 'real')}' "$@"`);
    await publish({ produto, versao: '94.0.0', ...here }, newer, 'narcidicontrol');
    expect(await update(agent, { alvo: 'agente' })).toBe('aplicado: agente 94.0.0 instalado');
    expect(readFileSync(own, 'utf8')).toBe(newer);
    expect(readFileSync(`${own}.anterior`).equals(before)).toBe(true);
    expect(existsSync(`/proc/${agent.pid}`)).toBe(true);
    expect(await agent.signal('SIGTERM')).toBe(0);
  }, 60_000);
});
