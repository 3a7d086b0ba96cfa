/** A whole server in this process on ports the system chooses, with a client that speaks its HTTP. */

import { Database } from 'bun:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { createApp } from '../../src/app';
import { createLog } from '../../src/log';
import { resolveSettings } from '../../src/settings';

export const admin = { email: 'admin@exemplo.com.br', senha: 'senha-de-teste' };

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what the wire says and compare it; a wrong shape fails there.
  body: any;
}

export interface TestServer {
  url: string;
  mqttUrl: string;
  data: string;
  /** Calls below /api/v1 as the administrator; a null authorization sends none. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string | null>): Promise<Answer>;
  stop(): Promise<void>;
}

/**
 * Starts a server on a scratch folder: in this process, or the compiled executable when NARCIDI_TEST_EXECUTABLE is set, so
 * that the same tests find what only minifying and embedding break.
 */
export async function startServer(env: Record<string, string> = {}): Promise<TestServer> {
  const data = mkdtempSync(join(tmpdir(), 'narcidi-test-'));
  const running = process.env.NARCIDI_TEST_EXECUTABLE ? await startExecutable(data, env) : await startHere(data, env);
  return {
    url: running.url,
    mqttUrl: running.mqtt,
    data,
    call: await adminClient(running.url),
    stop: async () => {
      await running.stop();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

interface Started {
  url: string;
  mqtt: string;
  stop(): Promise<void>;
}

async function startHere(data: string, env: Record<string, string>): Promise<Started> {
  const resolved = resolveSettings({
    flags: { data, port: '0', 'mqtt-port': '0' },
    env: { NARCIDI_ADMIN_EMAIL: admin.email, NARCIDI_ADMIN_PASSWORD: admin.senha, NARCIDI_RATE_LIMIT: 'off', ...env },
  });
  const app = await createApp(resolved, createLog('fatal'));
  return { ...(await app.start()), stop: () => app.stop() };
}

async function startExecutable(data: string, env: Record<string, string>): Promise<Started> {
  const { serve } = await import('./executable');
  const { url, mqtt: mqttUrl, signal } = await serve(data, env);
  return {
    url,
    mqtt: mqttUrl,
    stop: async () => {
      const exitCode = await signal('SIGTERM');
      if (exitCode !== 0) throw new Error(`the server stopped with ${exitCode}`);
    },
  };
}

/** A client that is logged in as the administrator. */
export async function adminClient(url: string): Promise<TestServer['call']> {
  const { body } = await logIn(url, admin.email, admin.senha);
  return httpClient(url, body.access_token);
}

export async function logIn(url: string, username: string, password: string): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: 'password', username, password });
  return read(await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body: form }));
}

/** A client with a token, or with none. */
export function httpClient(url: string, token: string | null): TestServer['call'] {
  return async (method, path, body, headers = {}) => {
    const merged: Record<string, string | null> = {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    const sent = Object.entries(merged).filter((entry): entry is [string, string] => entry[1] !== null);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return read(
      await fetch(`${url}/api/v1${path}`, { method, headers: sent, ...(body === undefined ? {} : { body: text }) }),
    );
  };
}

async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: json && text ? JSON.parse(text) : text };
}

/** The types of the events that speak of an entity, in the order they were written. */
export function eventsOf(server: TestServer, id: string): string[] {
  const db = new Database(join(server.data, 'narcidi.db'), { readonly: true });
  const rows = db
    .query<{ tipo: string }, [string, string]>(
      `SELECT tipo FROM outbox WHERE entidade_id = ? OR dados LIKE '%' || ? || '%' ORDER BY seq`,
    )
    .all(id, id);
  db.close();
  return rows.map(({ tipo }) => tipo);
}

let serial = 0;

/** A text that no other call of this run gives. */
export function unique(prefix: string): string {
  serial += 1;
  return `${prefix}-${process.pid}-${serial}`;
}

/** A customer with a licence. */
export async function createLicenca(
  server: Pick<TestServer, 'call'>,
  fields: object = {},
): Promise<{ clienteId: string; licenca: Answer['body'] }> {
  const cliente = await server.call('POST', '/clientes', { nome: 'Cliente', email: `${unique('c')}@exemplo.com.br` });
  const licenca = await server.call('POST', '/licencas', { cliente_id: cliente.body.id, tipo: 'perpetua', ...fields });
  if (licenca.status !== 201) throw new Error(JSON.stringify(licenca.body));
  return { clienteId: cliente.body.id, licenca: licenca.body };
}

/** Activates a machine by key. */
export async function activate(
  server: Pick<TestServer, 'call'>,
  chave: string,
  impressao = unique('maquina'),
): Promise<Answer> {
  return server.call('POST', `/licencas/ativar/${chave}`, { impressao, nome: impressao }, { authorization: null });
}

/** A connected MQTT client of an activated machine. */
export async function connectMachine(activation: Answer['body'], options: IClientOptions = {}): Promise<MqttClient> {
  const { url, client_id, usuario, senha } = activation.mqtt;
  return mqtt.connectAsync(url, {
    clientId: client_id,
    username: usuario,
    password: senha,
    reconnectPeriod: 0,
    ...options,
  });
}

/** The next message on a topic that satisfies the test. @throws Error when none comes in five seconds. */
export function nextMessage(
  client: MqttClient,
  topic: string,
  test: (payload: Answer['body']) => boolean = () => true,
): Promise<Answer['body']> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no message on ${topic}`)), 5_000);
    const listen = (from: string, payload: Buffer): void => {
      if (from !== topic) return;
      const parsed: unknown = JSON.parse(payload.toString());
      if (!test(parsed)) return;
      clearTimeout(timer);
      client.off('message', listen);
      resolve(parsed);
    };
    client.on('message', listen);
  });
}

/** Asks until the answer satisfies the test. @throws Error when it has not after some time, five seconds unless told. */
export async function eventually<T>(ask: () => Promise<T>, test: (value: T) => boolean, withinMs = 5_000): Promise<T> {
  const until = performance.now() + withinMs;
  while (true) {
    const value = await ask();
    if (test(value)) return value;
    if (performance.now() > until) throw new Error(`it did not come true: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
