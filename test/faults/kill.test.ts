import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { activate, adminClient, connectMachine, createLicenca, nextMessage } from '../support/app';
import { type Running, run, scratch, serve } from '../support/executable';

const messages = 20_000;
const inFlight = 500;

let folder: ReturnType<typeof scratch>;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => folder.remove());

const client = async (server: Running) => ({ call: await adminClient(server.url) });

describe('kill -9 in the middle of 20,000 heartbeats', () => {
  test('loses none that was acknowledged, nor the block, nor the retained state', async () => {
    const data = join(folder.path, 'killed');
    const first = await serve(data);
    const api = await client(first);
    const { licenca } = await createLicenca(api, { limite_maquinas: 2 });
    const { body: machine } = await activate(api, licenca.chave);
    const { body: blocked } = await activate(api, licenca.chave);
    await api.call('POST', `/maquinas/${blocked.maquina.id}/bloquear`, { motivo: 'antes da queda' });
    const publisher = await connectMachine(machine);
    const start = Date.now() - messages;
    const acknowledged: number[] = [];
    let sent = 0;
    await new Promise<void>((resolve) => {
      publisher.on('close', () => resolve());
      publisher.on('error', () => resolve());
      const sendNext = (): void => {
        if (sent >= messages || !publisher.connected) return;
        const em = start + sent;
        sent += 1;
        const payload = JSON.stringify({ cpu: em % 100, memoria: 1, disco: 2, em: new Date(em).toISOString() });
        publisher.publish(machine.mqtt.topicos.heartbeat, payload, { qos: 1 }, (error) => {
          if (error) return;
          acknowledged.push(em);
          if (acknowledged.length === messages / 2) void first.signal('SIGKILL');
          sendNext();
        });
      };
      for (let n = 0; n < inFlight; n += 1) sendNext();
    });
    expect(acknowledged.length).toBeGreaterThanOrEqual(messages / 2);

    const second = await serve(data);
    const after = await client(second);
    const range = `de=${new Date(start).toISOString()}&ate=${new Date(Date.now() + 60_000).toISOString()}`;
    const csv = await after.call('GET', `/maquinas/${machine.maquina.id}/export?${range}`);
    const stored = new Set(
      csv.body
        .trim()
        .split('\n')
        .slice(1)
        .map((row: string) => Date.parse(row.split(',')[0] ?? '')),
    );
    expect(acknowledged.filter((em) => !stored.has(em))).toEqual([]);
    expect((await after.call('GET', `/maquinas/${blocked.maquina.id}`)).body).toMatchObject({
      status: 'bloqueada',
      motivo_bloqueio: 'antes da queda',
    });
    blocked.mqtt.url = second.mqtt;
    const listener = await connectMachine(blocked);
    const state = nextMessage(listener, blocked.mqtt.topicos.estado);
    await listener.subscribeAsync(blocked.mqtt.topicos.estado, { qos: 1 });
    expect(await state).toMatchObject({
      bloqueada: true,
      codigo: 'MAQUINA_BLOQUEADA',
      motivo: 'antes da queda',
      revisao: 2,
    });
    await listener.endAsync();
    expect(await second.signal('SIGTERM')).toBe(0);
    expect((await run(['doctor', '--data', data, '--port', '0', '--mqtt-port', '0'])).exitCode).toBe(0);
  }, 60_000);
});

describe('a copy of the data folder', () => {
  test('holds no key, token or secret in clear, in any file', async () => {
    const data = join(folder.path, 'secrets');
    const server = await serve(data, { NARCIDI_ADMIN_EMAIL: '', NARCIDI_ADMIN_PASSWORD: '' });
    const { setup_url } = await server.line((line) => 'setup_url' in line);
    const codigo = new URL(String(setup_url)).searchParams.get('codigo') ?? '';
    const email = 'admin@exemplo.com.br';
    const senha = 'senha-de-teste';
    await fetch(`${server.url}/api/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ codigo, email, senha, nome: 'A' }),
    });
    const api = await client(server);
    const login = await fetch(`${server.url}/api/v1/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', username: email, password: senha }),
    });
    const tokens = (await login.json()) as { access_token: string; refresh_token: string };
    const { licenca, clienteId } = await createLicenca(api);
    const { body } = await activate(api, licenca.chave);
    const again = await api.call(
      'POST',
      '/licencas',
      { cliente_id: clienteId, tipo: 'perpetua' },
      { 'idempotency-key': 'k1' },
    );
    const rotated = await api.call('POST', `/maquinas/${body.maquina.id}/token`, undefined, {
      'idempotency-key': 'k2',
    });
    const secrets = [
      licenca.chave,
      licenca.chave.replaceAll('-', ''),
      again.body.chave,
      body.token,
      rotated.body.token,
      tokens.access_token,
      tokens.refresh_token,
      codigo,
      senha,
    ];
    // Once while it runs, with the write-ahead log there, and once after a clean stop.
    for (const moment of ['running', 'stopped']) {
      if (moment === 'stopped') expect(await server.signal('SIGTERM')).toBe(0);
      const files = readdirSync(data, { recursive: true })
        .map((name) => join(data, String(name)))
        .filter((path) => statSync(path).isFile());
      expect(files.length).toBeGreaterThan(5);
      for (const path of files) {
        const bytes = readFileSync(path);
        const found = secrets.filter((secret) => bytes.includes(secret));
        expect({ path, found }).toEqual({ path, found: [] });
      }
    }
    for (const line of server.lines) {
      // The set-up address is printed for the administrator to open; nothing else of these is logged.
      const text = JSON.stringify({ ...line, setup_url: undefined });
      expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    }
  });
});
