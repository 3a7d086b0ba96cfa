/**
 * The agent's own update. The verified build stands beside the running executable and proves itself from there: it has to
 * connect and have a heartbeat acknowledged, in the agent's place. Only then it takes the executable's name; until then,
 * whatever happens, the old one is what starts.
 */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { readJsonFile, writeDurably } from '../files';
import type { Answer } from '../ledger';
import { stage, stagedPath, swapIn } from './swap';
import type { NewAgent } from './updater';

export const probationFlag = '--em-prova';
const versionLimitMs = 30_000;
const killAfterMs = 5_000;

const outcomeSchema = Type.Object({
  comando_id: Type.Union([Type.String(), Type.Null()]),
  versao: Type.String(),
  ok: Type.Boolean(),
  detalhe: Type.String(),
});

const outcomeFile = (folder: string): string => join(folder, 'agente.json');

/** What became of the update a command asked for, after the agent has started again. */
export function outcomeOf(folder: string, comandoId: string): Answer | null {
  const outcome = readJsonFile(outcomeFile(folder), outcomeSchema);
  if (outcome?.comando_id !== comandoId) return null;
  return { resultado: outcome.ok ? 'aplicado' : 'erro', detalhe: outcome.detalhe };
}

export interface SelfOptions {
  /** The state folder's place for updates. */
  folder: string;
  executable: string;
  /** The arguments the agent was started with. */
  args: readonly string[];
  prazoMs: number;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Tries a new build in the agent's place, and makes it the executable when it has proved itself.
 * @returns whether it has; what became of it is kept for whoever asked.
 */
export async function tryBuild(build: NewAgent, options: SelfOptions): Promise<boolean> {
  const { folder, executable, log } = options;
  const { versao, sha256 } = build.offer;
  const fault = await faultOf(build, options);
  if (fault === null) swapIn(executable);
  else rmSync(stagedPath(executable), { force: true });
  rmSync(build.file, { force: true });
  const detalhe = fault === null ? `agente ${versao} instalado` : `agente ${versao} desfeito: ${fault}`;
  writeDurably(
    outcomeFile(folder),
    JSON.stringify({ comando_id: build.comandoId, versao, ok: fault === null, detalhe }),
  );
  if (fault === null) log.info({ versao, sha256 }, 'the new agent has proved itself and takes over');
  else log.error({ versao, sha256, motivo: fault }, 'the new agent did not prove itself: the old one stays');
  return fault === null;
}

/** Why a build will not do; null when it has proved itself. */
async function faultOf({ file, offer }: NewAgent, options: SelfOptions): Promise<string | null> {
  try {
    const staged = await stage(file, options.executable, offer.sha256);
    const told = await run([staged, 'version'], 'pipe', versionLimitMs, options.signal);
    // The signature speaks of the bytes, not of the version: an old build must not pass for a new one.
    if (told.output.trim() !== offer.versao) return `diz ser ${told.output.trim().slice(0, 40) || 'nada'}`;
    options.log.info({ versao: offer.versao }, 'trying the new agent');
    const { exitCode, late } = await run(
      [staged, ...options.args, probationFlag],
      'inherit',
      options.prazoMs,
      options.signal,
    );
    if (late) return `não ficou pronto em ${options.prazoMs / 1_000} s`;
    return exitCode === 0 ? null : `terminou com ${exitCode} antes de ficar pronto`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Runs an executable to its end, its limit or ours. */
async function run(
  command: string[],
  stdout: 'pipe' | 'inherit',
  limitMs: number,
  signal: AbortSignal,
): Promise<{ exitCode: number; late: boolean; output: string }> {
  const child = Bun.spawn(command, { stdin: 'ignore', stdout, stderr: 'inherit' });
  let late = false;
  const end = (): void => {
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), killAfterMs).unref();
  };
  const timer = setTimeout(() => {
    late = true;
    end();
  }, limitMs);
  signal.addEventListener('abort', end);
  try {
    const output = child.stdout instanceof ReadableStream ? await new Response(child.stdout).text() : '';
    return { exitCode: await child.exited, late, output };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  }
}

/**
 * Becomes the new executable, as the same process: whoever watches over it notices nothing. Where the system has no such
 * call (Windows) this returns, and whoever watches over it has to start it again.
 */
export function becomeNew({ executable, args }: Pick<SelfOptions, 'executable' | 'args'>): void {
  if (typeof process.execve !== 'function' || !existsSync(executable)) return;
  const env = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  process.execve(executable, [executable, ...args], Object.fromEntries(env));
}
