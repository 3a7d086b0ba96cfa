/**
 * Measures what the issue asks for, as ratios against references in the same run, and prints one table:
 * verification against a bare Bun.serve, QoS 1 heartbeats against mosquitto, cold start and idle memory.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { lineWhere, output, start, stop, stopAll } from './processes';
import { seed } from './seed';

const root = resolve(import.meta.dir, '../..');
const executable = join(root, 'dist/narcidicontrol');
const licencas = 100_000;
const connections = 100;
const rounds = 3;
const idleSeconds = 5;
const admin = { email: 'bench@exemplo.com.br', password: 'bench-bench-bench' };

interface Row {
  metric: string;
  reference: string;
  measured: string;
  value: number;
  target: string;
  ok: boolean;
}

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-bench-'));
const data = join(scratch, 'data');
try {
  const keysFile = await seed(data, licencas);
  const rows = [...(await startAndMemory()), await verification(keysFile), await heartbeats()];
  print(rows);
  process.exitCode = rows.every((row) => row.ok) ? 0 : 1;
} finally {
  stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** The server on the seeded folder, from an empty directory. */
async function serve() {
  const empty = join(scratch, 'empty');
  mkdirSync(empty, { recursive: true });
  const env = {
    NARCIDI_RATE_LIMIT: 'off',
    NARCIDI_ADMIN_EMAIL: admin.email,
    NARCIDI_ADMIN_PASSWORD: admin.password,
  };
  const child = start([executable, 'serve', '--data', data, '--port', '0', '--mqtt-port', '0'], env, empty);
  const startedAt = performance.now();
  const line = await lineWhere(child, (text) => text.includes('"msg":"ready"'));
  const readyMs = performance.now() - startedAt;
  const { url, mqtt } = JSON.parse(line) as { url: string; mqtt: string };
  return { child, url, mqttPort: new URL(mqtt).port, readyMs };
}

async function startAndMemory(): Promise<Row[]> {
  const times: number[] = [];
  // The first start makes the administrator; what is measured is every one after it.
  await stop((await serve()).child);
  for (let n = 0; n < 5; n += 1) {
    const { child, readyMs } = await serve();
    times.push(readyMs);
    await stop(child);
  }
  const { child } = await serve();
  await Bun.sleep(idleSeconds * 1_000);
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const idleMb = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024;
  await stop(child);
  const readyMs = median(times);
  return [
    {
      metric: 'cold start to ready, 100,000 licences',
      reference: '',
      measured: `${readyMs.toFixed(0)} ms`,
      value: readyMs,
      target: '< 300 ms',
      ok: readyMs < 300,
    },
    {
      metric: 'idle memory',
      reference: '',
      measured: `${idleMb.toFixed(0)} MB`,
      value: idleMb,
      target: '< 120 MB',
      ok: idleMb < 120,
    },
  ];
}

async function verification(keysFile: string): Promise<Row> {
  const { child, url } = await serve();
  const keys = readFileSync(keysFile, 'utf8').split('\n');
  const answer = await (await fetch(`${url}/api/v1/licencas/verificar/${keys[0]}`)).text();
  const reference = start(
    [process.execPath, join(import.meta.dir, 'reference-http.ts'), String(Buffer.byteLength(answer))],
    {},
    scratch,
  );
  const port = (await lineWhere(reference, (line) => line.startsWith('ready'))).split(' ')[1];
  // Every key once before anything is measured: a certificate is signed when it is first asked for.
  const warmUp = await wrk(url, keysFile, 'sequential', 15);
  const ratios: { reference: number; measured: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await wrk(`http://127.0.0.1:${port}`, keysFile, 'random', 4);
    ratios.push({ reference: bare, measured: await wrk(url, keysFile, 'random', 6) });
  }
  await stop(reference);
  await stop(child);
  console.log(`(first answers, each signed: ${Math.round(warmUp)} a second)`);
  return ratioRow('verify over 100,000 licences, requests/s', 'bare Bun.serve', ratios, 0.4);
}

async function heartbeats(): Promise<Row> {
  const { child, url, mqttPort } = await serve();
  const machinesFile = join(scratch, 'machines.json');
  writeFileSync(machinesFile, JSON.stringify(await registerMachines(url)));
  const config = join(scratch, 'mosquitto.conf');
  const mosquittoPort = await freePort();
  writeFileSync(
    config,
    `listener ${mosquittoPort} 127.0.0.1\nallow_anonymous true\nlog_dest none\npersistence false\n`,
  );
  const mosquitto = start(['/usr/sbin/mosquitto', '-c', config], {}, scratch);
  await waitForPort(mosquittoPort);
  const ratios: { reference: number; measured: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const reference = await mqttLoad(String(mosquittoPort), machinesFile);
    ratios.push({ reference, measured: await mqttLoad(mqttPort, machinesFile) });
  }
  await stop(mosquitto);
  await stop(child);
  return ratioRow('QoS 1 heartbeats, 100 connections, messages/s', 'mosquitto', ratios, 0.5);
}

async function mqttLoad(port: string, machinesFile: string): Promise<number> {
  const text = await output([process.execPath, join(import.meta.dir, 'mqtt-load.ts'), port, '5', machinesFile], root);
  return (JSON.parse(text) as { perSecond: number }).perSecond;
}

async function registerMachines(url: string): Promise<{ id: string; token: string }[]> {
  const form = new URLSearchParams({ grant_type: 'password', username: admin.email, password: admin.password });
  const { access_token } = await call<{ access_token: string }>(`${url}/api/v1/auth/token`, {
    method: 'POST',
    body: form,
  });
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
  const post = <T>(path: string, body: object) =>
    call<T>(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const cliente = await post<{ id: string }>('/clientes', { nome: 'Bench', email: `mqtt@exemplo.com.br` });
  const { chave } = await post<{ chave: string }>('/licencas', {
    cliente_id: cliente.id,
    tipo: 'perpetua',
    limite_maquinas: connections,
  });
  const machines: { id: string; token: string }[] = [];
  for (let n = 0; n < connections; n += 1) {
    const { maquina, token } = await post<{ maquina: { id: string }; token: string }>(`/licencas/ativar/${chave}`, {
      impressao: `bench-${n}-machine`,
    });
    machines.push({ id: maquina.id, token });
  }
  return machines;
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Requests a second by wrk: one thread, 64 connections. */
async function wrk(url: string, keysFile: string, order: 'random' | 'sequential', seconds: number): Promise<number> {
  const script = join(scratch, `${order}.lua`);
  writeFileSync(
    script,
    `local keys = {}
for line in io.lines("${keysFile}") do keys[#keys + 1] = line end
math.randomseed(42)
local n = 0
request = function()
  n = ${order === 'random' ? 'math.random(#keys)' : 'n % #keys + 1'}
  return wrk.format("GET", "/api/v1/licencas/verificar/" .. keys[n])
end
`,
  );
  const text = await output(['wrk', '-t1', '-c64', `-d${seconds}s`, '-s', script, url], scratch);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`errors under load:\n${text}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1]);
}

async function freePort(): Promise<number> {
  const server = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() });
  const { port } = server;
  await server.stop(true);
  return port ?? 0;
}

async function waitForPort(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const open = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data() {} } }).then(
      (socket) => {
        socket.end();
        return true;
      },
      () => false,
    );
    if (open) return;
    await Bun.sleep(50);
  }
  throw new Error(`nothing listens on ${port}`);
}

function ratioRow(
  metric: string,
  name: string,
  ratios: readonly { reference: number; measured: number }[],
  target: number,
): Row {
  const reference = median(ratios.map((round) => round.reference));
  const measured = median(ratios.map((round) => round.measured));
  const ratio = measured / reference;
  return {
    metric,
    reference: `${name} ${Math.round(reference)}/s`,
    measured: `${Math.round(measured)}/s = ${ratio.toFixed(2)}`,
    value: ratio,
    target: `≥ ${target}`,
    ok: ratio >= target,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(rows: readonly Row[]): void {
  const columns = ['metric', 'reference', 'measured', 'target'] as const;
  const widths = columns.map((column) => Math.max(column.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string => cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ');
  console.log(line(columns));
  for (const row of rows) console.log(`${line(columns.map((column) => row[column]))}  ${row.ok ? 'ok' : 'MISSED'}`);
}
