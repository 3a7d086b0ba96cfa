import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent } from '../support/agent';
import { connectMachine, createLicenca, eventually, nextMessage, startServer, type TestServer } from '../support/app';
import { run, scratch } from '../support/executable';

let server: TestServer;
let folder: ReturnType<typeof scratch>;
beforeAll(async () => {
  server = await startServer({ NARCIDI_HEARTBEAT_INTERVAL: '1' });
});
afterAll(() => server.stop());
beforeEach(() => {
  folder = scratch();
});
afterEach(() => folder.remove());

const data = () => join(folder.path, 'estado');
const newLicence = async (fields: object = {}) => (await createLicenca(server, fields)).licenca;
const machinesOf = async (licencaId: string) =>
  (await server.call('GET', `/maquinas?licenca_id=${licencaId}`)).body.itens;
const seriesOf = async (id: string): Promise<string[]> =>
  (await server.call('GET', `/maquinas/${id}/export`)).body.trim().split('\n').slice(1);

describe('the agent', () => {
  test('registers by key, and publishes at the interval of the server', async () => {
    const licenca = await newLicence();
    const agent = startAgent([
      '--server',
      server.url,
      '--chave',
      licenca.chave,
      '--data',
      data(),
      '--nome',
      'CAIXA-01',
    ]);
    const { maquina_id } = await agent.line(({ msg }) => msg === 'ready');
    const id = String(maquina_id);
    const points = await eventually(
      () => seriesOf(id),
      ({ length }) => length >= 4,
    );
    const [maquina] = await machinesOf(licenca.id);
    expect(maquina).toMatchObject({ id, nome: 'CAIXA-01', status: 'online', arquitetura: process.arch });
    for (const point of points) {
      const [em, ...percentages] = point.split(',');
      expect(Date.parse(String(em))).toBeGreaterThan(Date.now() - 60_000);
      for (const text of percentages.slice(0, 3)) {
        expect(Number(text)).toBeGreaterThanOrEqual(0);
        expect(Number(text)).toBeLessThanOrEqual(100);
      }
    }
    const gaps = points.slice(2).map((point, n) => timeOf(point) - timeOf(points[n + 1] ?? ''));
    for (const gap of gaps) expect(gap).toBeLessThan(3_000);
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(agent.lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  test('keeps its credential for its owner only, and needs no key the second time', async () => {
    const licenca = await newLicence();
    const first = startAgent(['--server', server.url, '--chave', licenca.chave, '--data', data()]);
    const { maquina_id } = await first.line(({ msg }) => msg === 'ready');
    await first.line(({ msg }) => msg === 'the state is in effect');
    expect(await first.signal('SIGKILL')).not.toBe(0);
    expect(statSync(data()).mode & 0o777).toBe(0o700);
    for (const entry of readdirSync(data(), { withFileTypes: true, recursive: true })) {
      const { mode } = statSync(join(entry.parentPath, entry.name));
      const others = entry.name === 'estado.json' ? 0o044 : 0;
      expect([entry.name, mode & 0o077]).toEqual([entry.name, others]);
    }
    const second = startAgent(['--data', data()]);
    expect((await second.line(({ msg }) => msg === 'ready')).maquina_id).toBe(maquina_id);
    await second.line(({ msg }) => msg === 'MQTT connected');
    expect(await machinesOf(licenca.id)).toHaveLength(1);
    expect(await second.signal('SIGTERM')).toBe(0);
  });

  test('takes its settings from the environment too', async () => {
    const licenca = await newLicence();
    const agent = startAgent([], {
      NARCIDI_SERVER: server.url,
      NARCIDI_CHAVE: licenca.chave,
      NARCIDI_AGENT_DATA: data(),
      NARCIDI_LOG_LEVEL: 'debug',
    });
    await agent.line(({ msg }) => msg === 'ready');
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  test('is born and dies on its own topic', async () => {
    const licenca = await newLicence();
    const agent = startAgent(['--server', server.url, '--chave', licenca.chave, '--data', data()]);
    await agent.line(({ msg }) => msg === 'MQTT connected');
    const { ativacao } = JSON.parse(readFileSync(join(data(), 'credencial.json'), 'utf8'));
    // A second connection with an id of its own hears what is said under the machine's name.
    const listener = await connectMachine(ativacao, { clientId: '', clean: true });
    const born = nextMessage(listener, ativacao.mqtt.topicos.conexao, ({ conectada }) => conectada);
    await listener.subscribeAsync(ativacao.mqtt.topicos.conexao, { qos: 1 });
    const { sessao } = await born;
    const gone = nextMessage(listener, ativacao.mqtt.topicos.conexao, ({ conectada }) => !conectada);
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(await gone).toMatchObject({ conectada: false, sessao });
    await listener.endAsync(true);
  });

  test('waits for a server that is not there yet, and stops all the same', async () => {
    const agent = startAgent(['--server', 'http://127.0.0.1:1', '--chave', 'X', '--data', data()]);
    await agent.line(({ msg }) => String(msg).includes('registering later'));
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  test('gets a new credential by the key when its own is refused', async () => {
    const licenca = await newLicence();
    const agent = startAgent(['--server', server.url, '--chave', licenca.chave, '--data', data()]);
    const { maquina_id } = await agent.line(({ msg }) => msg === 'ready');
    await agent.line(({ msg }) => msg === 'MQTT connected');
    expect((await server.call('POST', `/maquinas/${maquina_id}/token`)).status).toBe(200);
    await agent.line(({ msg }) => String(msg).includes('registered again'));
    const before = (await seriesOf(String(maquina_id))).length;
    await eventually(
      () => seriesOf(String(maquina_id)),
      ({ length }) => length > before + 1,
    );
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  test('each hindrance is one clear line and exit 1', async () => {
    const licenca = await newLicence();
    const held = join(folder.path, 'held');
    const agent = startAgent(['--server', server.url, '--chave', licenca.chave, '--data', held]);
    await agent.line(({ msg }) => msg === 'ready');
    const file = join(folder.path, 'a-file');
    writeFileSync(file, '');
    const hindrances: [string[], RegExp][] = [
      [['--data', data()], /which server/],
      [['--data', data(), '--server', server.url], /--chave/],
      [['--data', data(), '--server', 'ftp://x', '--chave', 'X'], /not an http/],
      [['--data', data(), '--server', server.url, '--chave', 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA'], /NAO_ENCONTRADA/],
      [['--data', held], /another agent is running/],
      [['--data', join(file, 'below'), '--server', server.url], /cannot be written/],
      [['--data', data(), '--buffer', 'muito'], /NARCIDI_AGENT_BUFFER/],
      [['--data', data(), '--estado-modo', '999'], /NARCIDI_AGENT_ESTADO_MODO/],
      [['--data', data(), '--server', server.url, '--ao-mudar', "echo 'x"], /quote is not closed/],
      [['--data', data(), '--server', server.url, '--ca', '/nowhere.pem'], /--ca/],
    ];
    for (const [args, reason] of hindrances) {
      const { exitCode, stderr } = await run(['agent', ...args]);
      expect(stderr).toMatch(reason);
      expect([exitCode, stderr.trim().split('\n').length]).toEqual([1, 1]);
    }
    expect(await agent.signal('SIGTERM')).toBe(0);
  });

  test('tells every setting with its environment twin', async () => {
    const { exitCode, stdout } = await run(['agent', '--help']);
    expect(exitCode).toBe(0);
    for (const word of [
      '--server',
      'NARCIDI_SERVER',
      '--chave',
      'NARCIDI_CHAVE',
      '--data',
      'NARCIDI_AGENT_DATA',
      '--ao-mudar',
      '--ao-reiniciar',
      '--imprimir-systemd',
    ]) {
      expect(stdout).toContain(word);
    }
    expect(stdout).not.toContain('--em-prova');
    expect((await run(['agent', '--wings'])).exitCode).toBe(2);
  });

  test('prints a unit that systemd accepts, without the key in it', async () => {
    const args = [
      '--server',
      'https://controle.exemplo.com.br',
      '--chave',
      'SEGREDO',
      '--ao-mudar',
      '/opt/app/estado.sh "a b" 100%',
    ];
    const { exitCode, stdout } = await run(['agent', '--imprimir-systemd', ...args]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('--server https://controle.exemplo.com.br --data /var/lib/narcidi-agent');
    expect(stdout).toContain('100%%');
    expect(stdout).not.toContain('SEGREDO');
    const analyze = Bun.which('systemd-analyze');
    if (!analyze) return;
    const unit = join(folder.path, 'narcidi-agent.service');
    writeFileSync(unit, stdout);
    const verify = Bun.spawnSync([analyze, 'verify', '--recursive-errors=no', unit]);
    expect(
      verify.stderr
        .toString()
        .split('\n')
        .filter((line) => line.includes('narcidi-agent.service')),
    ).toEqual([]);
  });
});

function timeOf(point: string): number {
  return Date.parse(String(point.split(',')[0]));
}
