/** Verification of licences by key against a bare Bun.serve, under wrk: one thread, 64 connections. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSeconds, lineWhere, run, start, stop } from './processes';
import { type Places, serve } from './product';
import { median, percent, perSecond, type Round, type Row, ratioRow } from './table';

const connections = 64;
const rounds = 3;
const roundSeconds = 4;
/** Short, so that it ends before every key has been asked once. */
const firstAnswersSeconds = 2;
const target = 0.4;
const path = '/api/v1/licencas/verificar/';

interface Load {
  perSecond: number;
  requests: number;
  /** Shares of one core. */
  serverCpu: number;
  generatorCpu: number;
}

/** @returns the rows, and notes on who was at the limit. */
export async function verification(places: Places, keysFile: string): Promise<{ rows: Row[]; notes: string[] }> {
  const { child, url } = await serve(places);
  const keys = readFileSync(keysFile, 'utf8').trim().split('\n');
  const firstAnswers = await wrk(url, child.pid, keysFile, 'sequential', firstAnswersSeconds);
  const bytes = await askEveryKey(url, keys);
  const reference = start(
    [process.execPath, join(import.meta.dir, 'reference-http.ts'), String(bytes)],
    {},
    places.scratch,
  );
  const port = (await lineWhere(reference, (line) => line.startsWith('ready'))).split(' ')[1];
  const results: { reference: Load; measured: Load }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const bare = await wrk(`http://127.0.0.1:${port}`, reference.pid, keysFile, 'random', roundSeconds);
    results.push({ reference: bare, measured: await wrk(url, child.pid, keysFile, 'random', roundSeconds) });
  }
  await stop(reference);
  await stop(child);
  const ratios: Round[] = results.map((result) => ({
    reference: result.reference.perSecond,
    measured: result.measured.perSecond,
  }));
  const metric = `verify over ${keys.length.toLocaleString('en-US')} licences, requests`;
  // Once round, the rest would be remembered answers.
  const allFirst = firstAnswers.requests <= keys.length;
  return {
    rows: [
      ratioRow(metric, 'bare Bun.serve', ratios, target),
      {
        metric: 'the same, first answer of each licence, signed',
        reference: '',
        measured: allFirst ? perSecond(firstAnswers.perSecond) : '(too few licences)',
        ratio: '',
        target: '',
        ok: null,
      },
    ],
    notes: [
      usage(
        'Bun.serve',
        results.map((result) => result.reference),
      ),
      usage(
        'product',
        results.map((result) => result.measured),
      ),
    ],
  };
}

/** Asks every key once, so that what is measured is at its steady state. @returns the bytes of an answer. */
async function askEveryKey(url: string, keys: readonly string[]): Promise<number> {
  let next = 0;
  let bytes = 0;
  const ask = async (): Promise<void> => {
    while (next < keys.length) {
      const key = keys[next];
      next += 1;
      const text = await (await fetch(`${url}${path}${key}`)).text();
      // A refusal is a 200 too, and cheaper.
      if (!text.includes('"codigo":"VALIDA"')) throw new Error(`verification of ${key}: ${text}`);
      bytes = Buffer.byteLength(text);
    }
  };
  await Promise.all(Array.from({ length: connections }, ask));
  return bytes;
}

async function wrk(
  url: string,
  pid: number,
  keysFile: string,
  order: 'random' | 'sequential',
  seconds: number,
): Promise<Load> {
  const script = join(import.meta.dir, 'verify.lua');
  const before = cpuSeconds(pid);
  const { output, cpuSeconds: generatorSeconds } = await run(
    ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url, '--', keysFile, order],
    import.meta.dir,
  );
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`errors under load:\n${output}`);
  return {
    perSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]),
    requests: Number(/(\d+) requests in/.exec(output)?.[1]),
    serverCpu: (cpuSeconds(pid) - before) / seconds,
    generatorCpu: generatorSeconds / seconds,
  };
}

function usage(name: string, loads: readonly Load[]): string {
  const server = percent(median(loads.map((load) => load.serverCpu)));
  const generator = percent(median(loads.map((load) => load.generatorCpu)));
  const rates = loads.map((load) => perSecond(load.perSecond)).join(', ');
  return `verify, ${name}: ${rates}; server ${server} of a core, wrk ${generator}`;
}
