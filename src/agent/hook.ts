/**
 * Commands the operator has configured. They are run without a shell, and what the server says reaches them in the
 * environment only: no text of anybody else's is ever part of a command line.
 */

import type { Logger } from 'pino';
import { OperationalError } from '../core/operational-error';

const outputBytesMax = 16 * 1024;
const environmentValueCharactersMax = 8_000;
const killAfterMs = 2_000;

export interface Outcome {
  ok: boolean;
  /** In a few words, for the log and the server. */
  detalhe: string;
}

/**
 * Splits a command into words: spaces separate, single or double quotes keep together, a backslash keeps the next
 * character as it is (outside single quotes, and not on Windows, where it separates folders).
 * @throws OperationalError for a quote that is not closed.
 */
export function splitCommand(command: string, windows = process.platform === 'win32'): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = '';
  for (let at = 0; at < command.length; at += 1) {
    const char = command[at] ?? '';
    if (char === '\\' && quote !== "'" && !windows && at + 1 < command.length) {
      at += 1;
      word = (word ?? '') + (command[at] ?? '');
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (quote !== '') throw new OperationalError(`a quote is not closed in the command: ${command}`);
  if (word !== null) words.push(word);
  return words;
}

interface HookOptions {
  /** As configured. */
  command: string;
  env: Readonly<Record<string, string>>;
  limitMs: number;
  log: Logger;
}

/** Runs a command to its end or its limit; its output goes to the log. Never throws. */
export async function runHook({ command, env, limitMs, log }: HookOptions): Promise<Outcome> {
  const started = performance.now();
  try {
    const child = Bun.spawn(splitCommand(command), {
      env: { ...process.env, ...printable(env) },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
      // A group of its own, so that what it starts ends with it.
      detached: process.platform !== 'win32',
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      endGroup(child.pid, 'SIGTERM');
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), killAfterMs).unref();
    }, limitMs);
    const output = Promise.all([readSome(child.stdout), readSome(child.stderr)]);
    const exitCode = await child.exited;
    clearTimeout(timer);
    // A grandchild may hold the pipes open: what it says later is not waited for.
    const [saida, erros] = await Promise.race([output, Bun.sleep(200).then(() => ['', ''] as const)]);
    const ms = Math.round(performance.now() - started);
    const ok = exitCode === 0 && !late;
    const detalhe = late ? `passou de ${limitMs / 1_000} s e foi interrompido` : `terminou com ${exitCode}`;
    log[ok ? 'info' : 'error']({ comando: command, codigo_saida: exitCode, ms, saida, erros }, 'command run');
    return { ok, detalhe: ok || erros === '' ? detalhe : `${detalhe}: ${erros.slice(0, 500)}` };
  } catch (error) {
    log.error({ err: error, comando: command }, 'the command could not be run');
    return { ok: false, detalhe: `não pôde ser executado: ${error instanceof Error ? error.message : String(error)}` };
  }
}

function endGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}

/** No control characters reach the environment; a NUL would end the value, a line break might fool a script. */
function printable(env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [
      name,
      value.replace(/\p{Cc}+/gu, ' ').slice(0, environmentValueCharactersMax),
    ]),
  );
}

async function readSome(stream: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    // Read to the end, so that the command never waits for us; kept to the limit.
    if (bytes < outputBytesMax) chunks.push(chunk.subarray(0, outputBytesMax - bytes));
    bytes += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}
