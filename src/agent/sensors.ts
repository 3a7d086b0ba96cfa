/** What this machine measures of itself, through systeminformation; nothing here may hang or fail the agent. */

import { statfs } from 'node:fs/promises';
import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import si from 'systeminformation';
import { withLimit } from './limit';

const sensorLimitMs = 5_000;
/** So that all series of a machine, over all its time, stay below the twenty the server keeps. */
const disksMax = 6;
const systemDrive = process.platform === 'win32' ? 'C:' : '/';
/** Not storage of this machine, whatever fills them. */
const foreignFileSystems = /^(squashfs|iso9660|udf|tmpfs|devtmpfs|overlay|nfs4?|cifs|smbfs|fuse\..*|9p|autofs)$/i;

export interface Reading {
  /** Percent. */
  cpu: number;
  memoria: number;
  /** Of the system's drive. */
  disco: number;
  extras: Record<string, number>;
}

export interface Sensors {
  /** Measures now; CPU and rates are means since the last reading. @returns null when the machine tells nothing. */
  read(): Promise<Reading | null>;
}

/** What systeminformation is asked, one question at a time each: a hanging one is not asked again meanwhile. */
interface Answers {
  load: si.Systeminformation.CurrentLoadData | null;
  memory: si.Systeminformation.MemData | null;
  disks: si.Systeminformation.FsSizeData[] | null;
  network: si.Systeminformation.NetworkStatsData[] | null;
  temperature: si.Systeminformation.CpuTemperatureData | null;
  throughput: si.Systeminformation.FsStatsData | null;
}

export function createSensors(): Sensors {
  const load = guarded(() => si.currentLoad());
  const memory = guarded(() => si.mem());
  const disks = guarded(() => si.fsSize());
  const network = guarded(() => si.networkStats('*'));
  const temperature = guarded(() => si.cpuTemperature());
  const throughput = guarded(() => si.fsStats());
  const idleSince = cpuTimes();
  let last: Reading | null = null;

  return {
    read: async () => {
      const [loadNow, memoryNow, disksNow, networkNow, temperatureNow, throughputNow] = await Promise.all([
        load(),
        memory(),
        disks(),
        network(),
        temperature(),
        throughput(),
      ]);
      const answers: Answers = {
        load: loadNow,
        memory: memoryNow,
        disks: disksNow,
        network: networkNow,
        temperature: temperatureNow,
        throughput: throughputNow,
      };
      const cpu = answers.load?.currentLoad ?? busySince(idleSince);
      const memoria = answers.memory ? usedMemory(answers.memory) : (1 - freemem() / totalmem()) * 100;
      const disco = diskUse(answers.disks) ?? (await systemDriveUse()) ?? last?.disco;
      if (disco === undefined || !Number.isFinite(cpu) || !Number.isFinite(memoria)) return null;
      last = { cpu: percent(cpu), memoria: percent(memoria), disco: percent(disco), extras: extrasOf(answers) };
      return last;
    },
  };
}

/** Asks with a time limit, and not again while the last question is still open. */
function guarded<T>(ask: () => Promise<T>): () => Promise<T | null> {
  let open = false;
  return async () => {
    if (open) return null;
    open = true;
    const asked = ask().finally(() => {
      open = false;
    });
    return withLimit(() => asked, sensorLimitMs);
  };
}

/** The series beside the three main ones. Only what is known is named. */
export function extrasOf({ load, memory, disks, network, temperature, throughput }: Answers): Record<string, number> {
  const outside = (network ?? []).filter(({ iface, operstate }) => iface !== 'lo' && operstate !== 'down');
  const sum = (values: (number | null)[]): number | null =>
    values.some((value) => value !== null) ? values.reduce<number>((total, value) => total + (value ?? 0), 0) : null;
  const extras: Record<string, number | null | undefined> = {
    cpu_nucleo_max: load ? Math.max(...load.cpus.map((core) => core.load)) : null,
    carga_1m: process.platform === 'win32' ? null : loadavg()[0],
    memoria_usada_mib: memory ? (memory.total - memory.available) / 1024 ** 2 : null,
    swap_pct: memory && memory.swaptotal > 0 ? (memory.swapused / memory.swaptotal) * 100 : null,
    rede_rx_bytes_s: sum(outside.map(({ rx_sec }) => rx_sec)),
    rede_tx_bytes_s: sum(outside.map(({ tx_sec }) => tx_sec)),
    disco_leitura_bytes_s: throughput?.rx_sec,
    disco_escrita_bytes_s: throughput?.wx_sec,
    temperatura_c: temperature?.main,
    ligada_ha_s: Math.floor(uptime()),
  };
  for (const { mount, use } of ownDisks(disks).slice(0, disksMax)) extras[`disco_${mountName(mount)}`] = use;
  const known = Object.entries(extras).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  return Object.fromEntries(known.map(([name, value]) => [name, Math.round(value * 100) / 100]));
}

function ownDisks(disks: readonly si.Systeminformation.FsSizeData[] | null) {
  return (disks ?? [])
    .filter(({ type, size, mount }) => size > 0 && (mount === systemDrive || !foreignFileSystems.test(type)))
    .sort((a, b) => (a.mount < b.mount ? -1 : 1));
}

function diskUse(disks: readonly si.Systeminformation.FsSizeData[] | null): number | undefined {
  const own = ownDisks(disks);
  return (own.find(({ mount }) => mount === systemDrive) ?? own[0])?.use;
}

/** The name of a mount in a series: `/` is raiz, `/var/lib` var_lib, `C:` C. */
export function mountName(mount: string): string {
  const name = mount.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '');
  return name === '' ? 'raiz' : name.slice(0, 34);
}

async function systemDriveUse(): Promise<number | undefined> {
  const found = await withLimit(() => statfs(systemDrive), sensorLimitMs);
  return found && found.blocks > 0 ? (1 - found.bavail / found.blocks) * 100 : undefined;
}

/** Memory that programs cannot have; what caches hold they can. */
function usedMemory({ total, available }: si.Systeminformation.MemData): number {
  return total > 0 ? (1 - available / total) * 100 : Number.NaN;
}

interface CpuTimes {
  idle: number;
  total: number;
}

function cpuTimes(): CpuTimes {
  const times = cpus().map((core) => core.times);
  return {
    idle: times.reduce((sum, { idle }) => sum + idle, 0),
    total: times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0),
  };
}

/** How busy the processors were since a moment, percent; that moment becomes now. */
function busySince(since: CpuTimes): number {
  const now = cpuTimes();
  const elapsed = now.total - since.total;
  const busy = elapsed > 0 ? (1 - (now.idle - since.idle) / elapsed) * 100 : 0;
  Object.assign(since, now);
  return busy;
}

function percent(value: number): number {
  return Math.round(Math.min(100, Math.max(0, value)) * 100) / 100;
}
