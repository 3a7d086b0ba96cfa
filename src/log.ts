/** The log: JSON lines on stdout and in daily files, one logger for the process, a level for each of its parts. */

import { join } from 'node:path';
import pino, { type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

export const niveis = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Nivel = (typeof niveis)[number];

/** What must not stand in a log, wherever somebody puts it by mistake. */
const secretNames = [
  'authorization',
  'token',
  'segredo',
  'client_secret',
  'otp',
  'cookie',
  'smtp_url',
  'refresh_token',
];
const redact = { paths: [...secretNames, ...secretNames.map((name) => `*.${name}`), '*.senha'], censor: '***' };

/** The files are `narcidi.2026-11-25.1.log`, as storage/files/log-files.ts reads them. */
const logFileName = 'narcidi';

/** A logger at a level, on stdout. Paths are masked and bodies are not logged, so that secrets do not come near it. */
export function createLog(level: string): Log {
  return create(level, stdoutOnly());
}

/** The same, to which files can be added once there is a folder for them. */
export function createServerLog(level: string): { log: Log; addFiles(files: LogFiles): Promise<void> } {
  const streams = stdoutOnly();
  const log = create(level, streams);
  return {
    log,
    // What cannot be written to a file is on stdout still.
    addFiles: (files) =>
      openFiles(files).then(
        (stream) => void streams.add({ level: 'trace', stream }),
        (error: unknown) => log.warn({ err: error }, 'no log files'),
      ),
  };
}

/** Files that begin anew with each day and size. */
interface LogFiles {
  folder: string;
  /** How many. */
  keep: number;
  megabytes: number;
}

function stdoutOnly() {
  return pino.multistream<pino.Level>([{ level: 'trace', stream: process.stdout }]);
}

function create(level: string, streams: ReturnType<typeof stdoutOnly>): Log {
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime, redact }, streams);
}

async function openFiles({ folder, keep, megabytes }: LogFiles): Promise<DestinationStream> {
  const { default: roll } = await import('pino-roll');
  const stream = await roll({
    file: join(folder, logFileName),
    extension: '.log',
    dateFormat: 'yyyy-MM-dd',
    frequency: 'daily',
    size: `${megabytes}m`,
    limit: { count: keep - 1, removeOtherLogFiles: true },
    mkdir: true,
    mode: 0o600,
    sync: true,
  });
  // A full disk ends no process; the line is on stdout.
  stream.on('error', () => undefined);
  return stream;
}

/** The parts of the program that log, and at which level each does. */
export interface LogParts {
  /** The logger of a part; the same for the same name. */
  of(modulo: string): Log;
  niveis(): { padrao: string; modulos: Record<string, string> };
  /** Holds until the program ends. @param modulos null takes the level of everybody else again. */
  mudar(changes: { padrao?: Nivel | undefined; modulos?: Readonly<Record<string, Nivel | null>> | undefined }): void;
}

export function createLogParts(log: Log): LogParts {
  const parts = new Map<string, Log>();
  const own = new Map<string, Nivel>();
  return {
    of(modulo) {
      const known = parts.get(modulo);
      if (known) return known;
      const part = log.child({ modulo });
      part.level = own.get(modulo) ?? log.level;
      parts.set(modulo, part);
      return part;
    },
    niveis: () => ({
      padrao: log.level,
      modulos: Object.fromEntries(
        [...parts].sort(([a], [b]) => a.localeCompare(b)).map(([name, part]) => [name, part.level]),
      ),
    }),
    mudar({ padrao, modulos = {} }) {
      if (padrao) log.level = padrao;
      for (const [name, nivel] of Object.entries(modulos)) {
        if (nivel === null) own.delete(name);
        else own.set(name, nivel);
      }
      for (const [name, part] of parts) part.level = own.get(name) ?? log.level;
    },
  };
}
