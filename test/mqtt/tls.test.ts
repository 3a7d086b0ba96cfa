import { afterAll, beforeAll, expect, test } from 'bun:test';
import { X509Certificate } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import mqtt from 'mqtt';
import { activate, createLicenca, eventually, startServer, type TestServer } from '../support/app';

const names = ['first', 'second', 'third'] as const;
type Name = (typeof names)[number];

const folder = mkdtempSync(join(tmpdir(), 'narcidi-tls-'));
const used = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
const strict = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
let server: TestServer;

function put(what: 'cert' | 'key', name: Name): void {
  copyFileSync(join(folder, `${name}.${what}`), used[what]);
}

beforeAll(async () => {
  if (!Bun.which('openssl')) throw new Error('openssl is missing: install the Debian package openssl');
  for (const name of names) {
    const made = Bun.spawnSync([
      'openssl',
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-days',
      '30',
      '-keyout',
      join(folder, `${name}.key`),
      '-out',
      join(folder, `${name}.cert`),
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ]);
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
  }
  put('cert', 'first');
  put('key', 'first');
  // The certificates vouch for themselves; what this test looks at is which one is shown.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  server = await startServer({ NARCIDI_TLS_CERT: used.cert, NARCIDI_TLS_KEY: used.key });
});
afterAll(async () => {
  await server.stop();
  if (strict === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  else process.env.NODE_TLS_REJECT_UNAUTHORIZED = strict;
  rmSync(folder, { recursive: true, force: true });
});

const fingerprints = () =>
  Object.fromEntries(
    names.map((name) => [new X509Certificate(readFileSync(join(folder, `${name}.cert`))).fingerprint256, name]),
  );

/**
 * Which certificate a port shows. The kernel resets whoever is not yet taken in the very moment that a listener closes, before
 * anything was asked: whoever meets that moment asks once more.
 */
async function shown(url: string): Promise<Name> {
  return probe(url).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ECONNRESET') return probe(url);
    throw error;
  });
}

function probe(url: string): Promise<Name> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false }, () => {
      const name = names.find((known) => fingerprints()[socket.getPeerCertificate().fingerprint256] === known);
      socket.destroy();
      if (name) resolve(name);
      else reject(new Error('an unknown certificate'));
    });
    socket.on('error', reject);
  });
}

const both = async () => [await shown(server.url), await shown(server.mqttUrl)];

async function newMachine() {
  const { licenca } = await createLicenca(server);
  const { body } = await activate(server, licenca.chave);
  const { client_id: clientId, usuario: username, senha: password, topicos } = body.mqtt;
  const options = { clientId, username, password, reconnectPeriod: 0, rejectUnauthorized: false };
  return { url: String(body.mqtt.url), options, topicos };
}

const heartbeat = JSON.stringify({ cpu: 1, memoria: 2, disco: 3 });

test('HTTPS, MQTTS and WSS are served', async () => {
  expect(server.url).toStartWith('https://');
  expect(await both()).toEqual(['first', 'first']);
  const { url, options, topicos } = await newMachine();
  expect(url).toStartWith('mqtts://');
  for (const address of [url, `${server.url.replace('https', 'wss')}/mqtt`]) {
    const client = await mqtt.connectAsync(address, options);
    await client.publishAsync(topicos.heartbeat, heartbeat, { qos: 1 });
    await client.endAsync();
  }
});

test('a new certificate is shown without a restart, and neither a connection nor a request is lost', async () => {
  const { url, options, topicos } = await newMachine();
  const clients = await Promise.all([
    mqtt.connectAsync(url, options),
    mqtt.connectAsync(`${server.url.replace('https', 'wss')}/mqtt`, { ...options, clientId: '', clean: true }),
  ]);
  // As certbot does, one after the other.
  put('cert', 'second');
  put('key', 'second');
  let resets = 0;
  await eventually(
    async () => {
      try {
        expect((await fetch(`${server.url}/livez`, { headers: { connection: 'close' } })).status).toBe(200);
        return await both();
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error;
        // The kernel resets whoever is not yet taken in the very moment that a listener closes; nothing was asked then.
        resets += 1;
        return [];
      }
    },
    (names) => names.length === 2 && names.every((name) => name === 'second'),
  );
  expect(resets).toBeLessThanOrEqual(1);
  for (const client of clients) {
    await client.publishAsync(topicos.heartbeat, heartbeat, { qos: 1 });
    await client.endAsync();
  }
});

test("a key that is not the certificate's changes nothing, until the pair is whole", async () => {
  put('cert', 'third');
  const until = performance.now() + 2_500;
  while (performance.now() < until) expect(await both()).toEqual(['second', 'second']);
  put('key', 'third');
  await eventually(both, (names) => names.every((name) => name === 'third'));
});

test('plain bytes on the TLS port end their connection only', async () => {
  const { hostname, port } = new URL(server.mqttUrl);
  const ended = Promise.withResolvers<void>();
  await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (socket) => void socket.write('GET / HTTP/1.1\r\n\r\n'),
      data: () => undefined,
      close: () => ended.resolve(),
    },
  });
  await ended.promise;
  expect(await both()).toEqual(['third', 'third']);
});
