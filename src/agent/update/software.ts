/** Updating the software the agent looks after: swap, restart, wait until it is ready, or put the old one back. */

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { readJsonFile, writeDurably } from '../files';
import { type Outcome, runHook } from '../hook';
import { pause } from '../limit';
import { sha256Of } from './download';
import { previousPath, putBack, stage, swapIn } from './swap';

const readyAskEveryMs = 1_000;

const versionSchema = Type.Object({ configurada: Type.String(), instalada: Type.String() });
const swapSchema = Type.Object({ arquivo: Type.String(), versao: Type.String(), sha256: Type.String() });

export interface SoftwareOptions {
  /** The state folder's place for updates. */
  folder: string;
  /** The file to keep up to date. */
  target: string;
  versaoConfigurada: string;
  aoReiniciar: string;
  pronto: string;
  prazoMs: number;
  limiteMs: number;
  log: Logger;
  signal: AbortSignal;
}

export type Software = ReturnType<typeof createSoftware>;

export function createSoftware(options: SoftwareOptions) {
  const { folder, target, versaoConfigurada, aoReiniciar, pronto, prazoMs, limiteMs, log, signal } = options;
  const versionFile = join(folder, 'software.json');
  const swapFile = join(folder, 'troca.json');

  /** What was installed here since; another version in the configuration means that somebody installed it by hand. */
  function versao(): string {
    const known = readJsonFile(versionFile, versionSchema);
    return known?.configurada === versaoConfigurada ? known.instalada : versaoConfigurada;
  }

  const hook = (command: string, nova: string, limitMs: number): Promise<Outcome> =>
    runHook({ command, env: { NARCIDI_VERSAO: nova, NARCIDI_ARQUIVO: target }, limitMs, log });

  async function restart(nova: string): Promise<Outcome> {
    return aoReiniciar === '' ? { ok: true, detalhe: 'sem comando de reinício' } : hook(aoReiniciar, nova, limiteMs);
  }

  /** Asks until the software says it is ready, or its time is over. Without a command to ask, a good restart is enough. */
  async function becomesReady(nova: string): Promise<Outcome> {
    const until = performance.now() + prazoMs;
    let outcome: Outcome = { ok: pronto === '', detalhe: 'não ficou pronto no prazo' };
    while (!outcome.ok && performance.now() < until && !signal.aborted) {
      outcome = await hook(pronto, nova, Math.min(limiteMs, Math.max(1, until - performance.now())));
      if (!outcome.ok) await pause(readyAskEveryMs, signal);
    }
    return outcome;
  }

  /** Restarts, and judges; what does not become ready makes room for what was there. */
  async function settle(nova: string): Promise<Outcome> {
    const restarted = await restart(nova);
    const outcome = restarted.ok ? await becomesReady(nova) : restarted;
    if (!outcome.ok && signal.aborted) return outcome;
    if (!outcome.ok) {
      putBack(target);
      log.error(
        { versao: nova, detalhe: outcome.detalhe },
        'the new version did not become ready: the old one is back',
      );
      const again = await restart(versao());
      rmSync(swapFile, { force: true });
      return {
        ok: false,
        detalhe: `versão ${nova} desfeita: ${outcome.detalhe}${again.ok ? '' : `; a anterior ${again.detalhe}`}`,
      };
    }
    writeDurably(versionFile, JSON.stringify({ configurada: versaoConfigurada, instalada: nova }));
    rmSync(swapFile, { force: true });
    log.info({ versao: nova, anterior: previousPath(target) }, 'the software was updated');
    return { ok: true, detalhe: `versão ${nova} instalada` };
  }

  return {
    target,
    versao,

    /** Installs a verified file. @throws Unverified */
    async install(verified: string, nova: string, sha256: string): Promise<Outcome> {
      await stage(verified, target, sha256);
      writeDurably(swapFile, JSON.stringify({ arquivo: target, versao: nova, sha256 }));
      swapIn(target);
      return settle(nova);
    },

    /** Ends a swap that a crash or a stop left in the middle. */
    async recover(): Promise<void> {
      const swap = readJsonFile(swapFile, swapSchema);
      if (!swap || swap.arquivo !== target || !existsSync(target)) return;
      // It ended before the exchange: the old one is still in its place.
      if ((await sha256Of(target)).toString('hex') !== swap.sha256.toLowerCase())
        return rmSync(swapFile, { force: true });
      log.warn({ versao: swap.versao }, 'an update was interrupted: judging it now');
      await settle(swap.versao);
    },
  };
}
