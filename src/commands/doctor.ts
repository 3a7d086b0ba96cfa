/** `narcidicontrol doctor`: is this installation well? One line a check, each failure with what to do about it. */

import { Database } from 'bun:sqlite';
import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dayMs } from '../core/clock';
import { OperationalError } from '../core/operational-error';
import { commit, version } from '../native/build-info';
import { nativeSelfCheck } from '../native/self-check';
import type { Settings } from '../settings';
import { backupFolder, listBackups } from '../storage/backup/catalog';
import { type DataFolder, dataFolder, lockDataFolder, prepareDataFolder } from '../storage/data-folder';
import { checkStore } from '../storage/lmdb/check';
import { checkVersionFiles } from './doctor-files';
import { checkCertificate, checkMail, checkWebhooks, type Finding } from './doctor-network';

const freeBytesMin = 512 * 1024 ** 2;
/** Before this the clock has surely lost its battery: the program did not exist. */
const earliestClockMs = Date.UTC(2026, 0, 1);
const latestClockMs = Date.UTC(2100, 0, 1);

/** A disk that will be full this soon at the present pace is told of now. */
const forecastDaysMin = 14;
/** A younger installation has no pace yet. */
const paceDaysMin = 7;
const backupAgeDaysMax = 2;

/** @returns 1 when anything is wrong. */
export async function doctor(settings: Settings, { json }: { json?: boolean } = {}): Promise<number> {
  const folder = dataFolder(settings.data);
  const running = isRunning(folder);
  const native = await nativeSelfCheck(tmpdir());
  const findings: Finding[] = [
    { nome: 'version', ok: true, detalhe: `${version} (${commit})` },
    ...native.map((check) => ({
      ...check,
      ...(check.ok ? {} : { remedio: 'download the executable for this system again' }),
    })),
    checkFolder(folder, running),
    checkDisk(folder),
    checkClock(),
    ...(await checkPorts(settings, running)),
    checkSqlite(folder),
    await attempt('heartbeats', () => checkHeartbeats(folder)),
    await attempt('versions', () => checkVersionFiles(folder)),
    checkKeys(folder),
    checkBackups(settings, folder),
    checkCertificate(settings, Date.now()),
    await checkMail(settings),
    ...(await checkWebhooks(folder)),
  ];
  const well = findings.every(({ ok }) => ok);
  if (json) {
    console.log(JSON.stringify({ ok: well, verificacoes: findings }, null, 2));
    return well ? 0 : 1;
  }
  for (const { nome, ok, detalhe, remedio } of findings) {
    console.log(`${ok ? 'ok  ' : 'FAIL'}  ${nome.padEnd(12)} ${detalhe}${remedio ? `  →  ${remedio}` : ''}`);
  }
  return well ? 0 : 1;
}

/** One part that cannot be looked at must not keep the others from being. */
async function attempt(nome: string, check: () => Promise<Finding>): Promise<Finding> {
  try {
    return await check();
  } catch (error) {
    const detalhe = error instanceof Error ? error.message : String(error);
    return { nome, ok: false, detalhe, remedio: 'restore the newest backup' };
  }
}

function isRunning(folder: DataFolder): boolean {
  if (!existsSync(folder.path)) return false;
  try {
    lockDataFolder(folder)();
    return false;
  } catch (error) {
    return error instanceof OperationalError;
  }
}

function checkFolder(folder: DataFolder, running: boolean): Finding {
  const nome = 'data folder';
  try {
    prepareDataFolder(folder.path);
  } catch (error) {
    return {
      nome,
      ok: false,
      detalhe: String(error instanceof Error ? error.message : error),
      remedio: 'give the user of the service the folder',
    };
  }
  return { nome, ok: true, detalhe: `${folder.path}${running ? ', a server is running on it' : ''}` };
}

function checkDisk({ path, database, lmdb, keys }: DataFolder): Finding {
  const nome = 'disk';
  if (!existsSync(path)) return { nome, ok: false, detalhe: 'the folder is not there', remedio: 'see data folder' };
  const { bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  const gib = `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
  const bytesOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  const installed = statSync(join(keys, 'lookup.key'), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
  const ageDays = (Date.now() - installed) / dayMs;
  const perDay = (bytesOf(database) + bytesOf(join(lmdb, 'data.mdb'))) / Math.max(ageDays, 1);
  const days = Math.floor(freeBytes / Math.max(perDay, 1));
  const detalhe = ageDays < paceDaysMin ? gib : `${gib}, full in ${days} days at the pace so far`;
  if (ageDays >= paceDaysMin && days < forecastDaysMin) {
    return { nome, ok: false, detalhe, remedio: 'make room, or keep heartbeats for less time' };
  }
  return freeBytes < freeBytesMin
    ? { nome, ok: false, detalhe, remedio: 'free at least 512 MiB' }
    : { nome, ok: true, detalhe };
}

function checkClock(): Finding {
  const now = Date.now();
  const ok = now > earliestClockMs && now < latestClockMs;
  return {
    nome: 'clock',
    ok,
    detalhe: new Date(now).toISOString(),
    ...(ok ? {} : { remedio: 'set the clock of the machine' }),
  };
}

async function checkPorts(settings: Settings, running: boolean): Promise<Finding[]> {
  const ports = [
    { nome: 'HTTP port', host: settings.host, port: settings.port },
    { nome: 'MQTT port', host: settings.mqttHost || settings.host, port: settings.mqttPort },
  ];
  return Promise.all(
    ports.map(async ({ nome, host, port }) => {
      const detalhe = `${host}:${port}`;
      if (running) return { nome, ok: true, detalhe: `${detalhe}, not tried while a server is running` };
      const failure = await tryListen(host, port);
      return failure
        ? { nome, ok: false, detalhe: `${detalhe} ${failure}`, remedio: 'choose another port or stop who has it' }
        : { nome, ok: true, detalhe };
    }),
  );
}

function tryListen(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}

function checkSqlite({ database }: DataFolder): Finding {
  const nome = 'database';
  if (!existsSync(database)) return { nome, ok: true, detalhe: 'none yet; the first start makes it' };
  try {
    const db = new Database(database, { readonly: true });
    const rows = db.query<{ integrity_check: string }, []>('PRAGMA integrity_check(5)').all();
    const foreign = db.query('PRAGMA foreign_key_check').all();
    db.close();
    const problems = rows.map((row) => row.integrity_check).filter((text) => text !== 'ok');
    if (foreign.length > 0) problems.push(`${foreign.length} rows refer to rows that are missing`);
    if (problems.length > 0)
      return { nome, ok: false, detalhe: problems.join('; '), remedio: 'restore the newest backup' };
    return { nome, ok: true, detalhe: `intact, ${(statSync(database).size / 1024 ** 2).toFixed(1)} MiB` };
  } catch (error) {
    return {
      nome,
      ok: false,
      detalhe: error instanceof Error ? error.message : String(error),
      remedio: 'restore the newest backup',
    };
  }
}

/** Read by another process: a damaged store ends who reads it. */
async function checkHeartbeats({ lmdb }: DataFolder): Promise<Finding> {
  const { ok, detalhe } = await checkStore(lmdb, null);
  const remedio = 'start the server, which sets it aside and begins a new one; or restore the newest backup';
  return { nome: 'heartbeats', ok, detalhe, ...(ok ? {} : { remedio }) };
}

function checkKeys({ keys }: DataFolder): Finding {
  const nome = 'keys';
  if (!existsSync(keys)) return { nome, ok: true, detalhe: 'none yet; the first start makes them' };
  if (process.platform === 'win32') return { nome, ok: true, detalhe: 'permissions are not checked on Windows' };
  const open = readdirSync(keys).filter((file) => (statSync(join(keys, file)).mode & 0o077) !== 0);
  if (open.length === 0) return { nome, ok: true, detalhe: 'readable by their owner only' };
  return { nome, ok: false, detalhe: `others may read ${open.join(', ')}`, remedio: 'chmod 600 on them' };
}

function checkBackups(settings: Settings, folder: DataFolder): Finding {
  const nome = 'backups';
  const [newest] = listBackups(backupFolder(settings.backupFolder, folder));
  if (!newest) return { nome, ok: true, detalhe: 'none yet; the first night makes one' };
  const days = (Date.now() - newest.criado_em) / dayMs;
  const detalhe = `the newest, ${newest.arquivo}, is ${Math.max(0, days).toFixed(1)} days old`;
  if (days > backupAgeDaysMax)
    return { nome, ok: false, detalhe, remedio: 'see GET /tarefas/backup/execucoes for why' };
  if (newest.verificacao?.ok === false)
    return { nome, ok: false, detalhe: `${detalhe} and damaged`, remedio: 'make another' };
  if (newest.simulacro?.ok === false) {
    return {
      nome,
      ok: false,
      detalhe: `${detalhe}; it does not restore: ${newest.simulacro.detalhe}`,
      remedio: 'make another',
    };
  }
  return { nome, ok: true, detalhe };
}
