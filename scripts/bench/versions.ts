/**
 * Versions: download throughput against a bare Bun.file and nginx on the same file, memory while 2 GiB are uploaded, checks
 * with 1,000 versions against a bare Bun.serve. `bun scripts/bench/versions.ts [GiB]`, after a build.
 */

import { randomFillSync } from 'node:crypto';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Child, lineWhere, run, start, stop, stopAll, useScratch } from './processes';
import { serve, signIn, tokenOf } from './product';
import { limitRow, median, printTable, type Row, ratioRow } from './table';

const fileBytes = Number(process.argv[2] ?? 2) * 1024 ** 3;
const downloadRounds = 5;
const downloadTarget = 0.8;
const uploadGrowthMbLimit = 64;
const versions = 1_000;
const machines = 500;
const checkRounds = 3;
const checkSeconds = 4;
const checkTarget = 0.3;
const connections = 64;

const scratch = mkdtempSync(join(tmpdir(), 'narcidi-versions-'));
useScratch(scratch);
const file = join(scratch, 'file.bin');
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void cleanUp().then(() => process.exit(1)));
try {
  writeFile();
  const executable = resolve(import.meta.dir, '../../dist/narcidicontrol');
  const { child, url } = await serve({ executable, scratch, data: join(scratch, 'data') });
  const rows = [...(await upload(url, child.pid)), ...(await downloads(url)), ...(await checks(url))];
  await stop(child);
  printTable(rows);
  process.exitCode = rows.every((row) => row.ok !== false) ? 0 : 1;
} finally {
  await cleanUp();
}

async function cleanUp(): Promise<void> {
  await stopAll();
  rmSync(scratch, { recursive: true, force: true });
}

/** Random bytes, so that nothing on the way can take a short cut. */
function writeFile(): void {
  const block = randomFillSync(Buffer.alloc(16 * 1024 ** 2));
  const handle = openSync(file, 'w');
  for (let written = 0; written < fileBytes; written += block.length) {
    block.writeUInt32LE(written / block.length, 0);
    writeSync(handle, block, 0, Math.min(block.length, fileBytes - written));
  }
  closeSync(handle);
}

async function bearer(url: string): Promise<string> {
  return `authorization: Bearer ${await tokenOf(url)}`;
}

/** Uploads the file as the first version. */
async function upload(url: string, pid: number): Promise<Row[]> {
  const authorization = await bearer(url);
  await Bun.sleep(5_000);
  // Forgets the peak of the start, so that what is read afterwards is the upload's own.
  writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = memoryKib(pid, 'VmRSS');
  const fields = ['-F', 'versao=9.9.9', '-F', 'plataforma=macos', '-F', 'status=publicada', '-F', `arquivo=@${file}`];
  const from = performance.now();
  await curl([...fields, '-H', authorization, `${url}/api/v1/uploads/versao`]);
  const seconds = (performance.now() - from) / 1_000;
  const growthMb = ((memoryKib(pid, 'VmHWM') - before) * 1_024) / 1e6;
  const size = `${(fileBytes / 1024 ** 3).toFixed(0)} GiB`;
  return [
    limitRow(`growth of resident memory while ${size} are uploaded`, growthMb, 'MB', uploadGrowthMbLimit),
    {
      metric: `upload of ${size}, two hashes, flushed`,
      reference: '',
      measured: rate(fileBytes / seconds),
      ratio: '',
      target: '',
      ok: null,
    },
  ];
}

interface Listed {
  itens: { id: string; sha256: string }[];
}

async function downloads(url: string): Promise<Row[]> {
  const authorization = await bearer(url);
  const listed = JSON.parse(await curl(['-H', authorization, `${url}/api/v1/uploads/versao`])) as Listed;
  const [version] = listed.itens;
  if (!version) throw new Error('there is no version');
  const product = [`${url}/api/v1/uploads/download/${version.id}`, '-H', authorization];
  // The very file the product sends: how a file was written decides how fast it is read.
  const folder = join(scratch, 'data/versoes', version.sha256.slice(0, 2));
  const bare = start(
    [process.execPath, join(import.meta.dir, 'reference-file.ts'), join(folder, version.sha256)],
    {},
    scratch,
  );
  const barePort = (await lineWhere(bare, (line) => line.startsWith('ready'))).split(' ')[1];
  const nginx = await startNginx(folder);
  const references = [
    { name: 'bare Bun.file', address: [`http://127.0.0.1:${barePort}/`] },
    ...(nginx ? [{ name: 'nginx', address: [`${nginx.url}/${version.sha256}`] }] : []),
  ];
  const results: Record<string, number>[] = [];
  for (let round = 0; round <= downloadRounds; round += 1) {
    const result: Record<string, number> = { product: await speed(product) };
    for (const { name, address } of references) result[name] = await speed(address);
    // The first round reads the file from the disk, for whoever comes first.
    if (round > 0) results.push(result);
  }
  await stop(bare);
  if (nginx) await stop(nginx.child);
  return references.map(({ name }) => {
    const measured = median(results.map((result) => result.product ?? Number.NaN));
    const reference = median(results.map((result) => result[name] ?? Number.NaN));
    const ratio = measured / reference;
    return {
      metric: 'download of one file by one caller',
      reference: `${name} ${rate(reference)}`,
      measured: rate(measured),
      ratio: ratio.toFixed(2),
      target: `≥ ${downloadTarget}`,
      ok: ratio >= downloadTarget,
    };
  });
}

/** nginx with sendfile, as its own documentation sets it up; null where there is none. */
async function startNginx(root: string): Promise<{ child: Child; url: string } | null> {
  const nginx = Bun.which('nginx', { PATH: `${process.env.PATH}:/usr/sbin` });
  if (!nginx) return null;
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('') });
  const { port } = probe;
  await probe.stop(true);
  const folder = join(scratch, 'nginx');
  mkdirSync(folder);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 2; pid ${folder}/pid; error_log /dev/null; events {}
    http { sendfile on; tcp_nopush on; access_log off;
      client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder};
      scgi_temp_path ${folder}; server { listen 127.0.0.1:${port}; root ${root}; } } user root;`,
  );
  const child = start([nginx, '-c', join(folder, 'nginx.conf'), '-e', '/dev/null'], {}, folder);
  const url = `http://127.0.0.1:${port}`;
  for (let n = 0; n < 100; n += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return { child, url };
    await Bun.sleep(50);
  }
  throw new Error('nginx did not start');
}

async function checks(url: string): Promise<Row[]> {
  const api = await signIn(url);
  const authorization = await bearer(url);
  const small = join(scratch, 'small.bin');
  writeFileSync(small, 'x');
  for (let n = 0; n < versions; n += 1) {
    const fields = [
      '-F',
      `versao=1.0.${n}`,
      '-F',
      'plataforma=linux',
      '-F',
      'status=publicada',
      '-F',
      `arquivo=@${small}`,
    ];
    await curl([...fields, '-H', authorization, `${url}/api/v1/uploads/versao`]);
  }
  const tokensFile = join(scratch, 'tokens.txt');
  writeFileSync(tokensFile, `${(await activateMachines(url, api)).join('\n')}\n`);
  const answer = await askOnce(url, readFileSync(tokensFile, 'utf8').split('\n')[0] ?? '');
  const reference = start(
    [process.execPath, join(import.meta.dir, 'reference-http.ts'), String(answer.length)],
    {},
    scratch,
  );
  const port = (await lineWhere(reference, (line) => line.startsWith('ready'))).split(' ')[1];
  const rounds: { reference: number; measured: number }[] = [];
  for (let round = 0; round < checkRounds; round += 1) {
    const bare = await wrk(`http://127.0.0.1:${port}`, tokensFile);
    rounds.push({ reference: bare, measured: await wrk(url, tokensFile) });
  }
  await stop(reference);
  return [
    ratioRow(`check over ${versions} versions, ${machines} machines, requests`, 'bare Bun.serve', rounds, checkTarget),
  ];
}

async function activateMachines(url: string, api: Awaited<ReturnType<typeof signIn>>): Promise<string[]> {
  const cliente = await api.post<{ id: string }>('/clientes', { nome: 'Bench', email: 'bench@exemplo.com.br' });
  const licenca = { cliente_id: cliente.id, tipo: 'perpetua', limite_maquinas: machines };
  const { chave } = await api.post<{ chave: string }>('/licencas', licenca);
  const tokens: string[] = [];
  for (let n = 0; n < machines; n += 1) {
    const body = JSON.stringify({ impressao: `maquina-${n}`, nome: `m${n}` });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${url}/api/v1/licencas/ativar/${chave}`, { method: 'POST', headers, body });
    tokens.push(((await response.json()) as { token: string }).token);
  }
  return tokens;
}

/** The body of one answer, which must offer the newest version. */
async function askOnce(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/uploads/versao/check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ versao_atual: '1.0.900', plataforma: 'linux', arquitetura: 'x64' }),
  });
  const text = await response.text();
  if (!text.includes(`"versao":"1.0.${versions - 1}"`)) throw new Error(`a check answered ${text}`);
  return text;
}

async function wrk(url: string, tokensFile: string): Promise<number> {
  const script = join(import.meta.dir, 'check.lua');
  const { output } = await run(
    ['wrk', '-t1', `-c${connections}`, `-d${checkSeconds}s`, '-s', script, url, '--', tokensFile, 'random'],
    import.meta.dir,
  );
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`errors under load:\n${output}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
}

/** Bytes a second of one download. */
async function speed(address: readonly string[]): Promise<number> {
  const output = await curl(['-o', '/dev/null', '-w', '%{speed_download} %{size_download}', ...address]);
  const [bytesPerSecond, bytes] = output.split(' ').map(Number);
  if (bytes !== fileBytes) throw new Error(`${bytes} bytes came instead of ${fileBytes}`);
  return bytesPerSecond ?? Number.NaN;
}

async function curl(args: readonly string[]): Promise<string> {
  return (await run(['curl', '-sS', '--fail-with-body', '-H', 'expect:', ...args], scratch)).output;
}

function memoryKib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function rate(bytesPerSecond: number): string {
  return `${Math.round(bytesPerSecond / 1e6).toLocaleString('en-US')} MB/s`;
}
