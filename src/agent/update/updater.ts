/** Looks for updates, of the software looked after and of the agent itself, and brings them in one at a time. */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { gt, valid } from 'semver';
import { type Clock, dayMs, minuteMs } from '../../core/clock';
import { readJsonFile, writeDurably } from '../files';
import type { Answer } from '../ledger';
import { pause } from '../limit';
import { type Offer, Refusal, type ServerApi } from '../server-api';
import type { Trust } from '../trust';
import { download, Unverified } from './download';
import type { Software } from './software';

export type Target = 'software' | 'agente';

/** From one version to the next by the stepping stones the server names. */
const stepsMax = 10;
/** A build that has failed is not tried again on its own before that; a command may. */
const failedForMs = dayMs;
const failedKeptMax = 50;
const firstLookMsMax = minuteMs;

const failedSchema = Type.Record(Type.String(), Type.Integer());

/** A verified build of the agent that waits for its turn. */
export interface NewAgent {
  file: string;
  offer: Offer;
  /** The command that asked for it. */
  comandoId: string | null;
}

interface Dependencies {
  api: ServerApi;
  token(): string;
  trust: Trust;
  folder: string;
  canal: string;
  software: { produto: string; installed: Software } | null;
  agente: { produto: string; versao: string } | null;
  /** Hands the process over to a new build of the agent; this one is stopped for it. */
  handOver(build: NewAgent): void;
  everySeconds: number;
  clock: Clock;
  log: Logger;
  signal: AbortSignal;
}

interface Request {
  canal?: string | undefined;
  comandoId?: string;
}

export type Updater = ReturnType<typeof createUpdater>;

export function createUpdater(dependencies: Dependencies) {
  const { api, token, trust, folder, canal, software, agente, handOver, everySeconds, clock, log, signal } =
    dependencies;
  const failedFile = join(folder, 'falhas.json');
  let turn: Promise<unknown> = Promise.resolve();
  let looking = Promise.resolve();

  function recentlyFailed({ sha256 }: Offer): boolean {
    return (readJsonFile(failedFile, failedSchema)?.[sha256.toLowerCase()] ?? 0) > clock.now() - failedForMs;
  }

  function noteFailure({ sha256 }: Pick<Offer, 'sha256'>): void {
    const failed = Object.entries({ ...readJsonFile(failedFile, failedSchema), [sha256.toLowerCase()]: clock.now() });
    writeDurably(failedFile, JSON.stringify(Object.fromEntries(failed.slice(-failedKeptMax))));
  }

  /** One step: ask, fetch, verify, bring in. @returns null when there is nothing newer. */
  async function step(target: Target, request: Request): Promise<Answer | 'handed over' | null> {
    const versaoAtual = target === 'software' ? software?.installed.versao() : agente?.versao;
    const produto = target === 'software' ? software?.produto : agente?.produto;
    if (versaoAtual === undefined) return { resultado: 'recusado', detalhe: `o agente não atualiza: ${target}` };
    const found = await api.check(token(), {
      ...(produto ? { produto } : {}),
      versao_atual: versaoAtual,
      plataforma: { win32: 'windows', darwin: 'macos' }[String(process.platform)] ?? 'linux',
      arquitetura: process.arch,
      canal: request.canal ?? canal,
    });
    if (!found) return null;
    const { offer, url } = found;
    // A server, or whoever speaks for it, must not be able to bring an old fault back.
    if (valid(offer.versao) === null || !gt(offer.versao, versaoAtual)) {
      return {
        resultado: 'erro',
        detalhe: `o servidor oferece ${offer.versao}, que não é mais nova que ${versaoAtual}`,
      };
    }
    if (request.comandoId === undefined && recentlyFailed(offer)) {
      log.info({ alvo: target, versao: offer.versao }, 'a version that failed lately is left alone');
      return null;
    }
    log.info({ alvo: target, de: versaoAtual, para: offer.versao, bytes: offer.tamanho }, 'fetching an update');
    try {
      const file = await download({ api, token: token(), offer, url, folder, trust, log, signal });
      if (target === 'agente') {
        handOver({ file, offer, comandoId: request.comandoId ?? null });
        return 'handed over';
      }
      const outcome = await software?.installed
        .install(file, offer.versao, offer.sha256)
        .finally(() => rmSync(file, { force: true }));
      if (!outcome?.ok) noteFailure(offer);
      return { resultado: outcome?.ok ? 'aplicado' : 'erro', detalhe: outcome?.detalhe ?? null };
    } catch (error) {
      if (error instanceof Unverified) noteFailure(offer);
      throw error;
    }
  }

  async function steps(target: Target, request: Request): Promise<Answer | null> {
    let last: Answer | null = null;
    for (let done = 0; done < stepsMax; done += 1) {
      const result = await step(target, request);
      if (result === 'handed over') return null;
      if (result === null) break;
      last = result;
      if (result.resultado !== 'aplicado') break;
    }
    return last ?? { resultado: 'aplicado', detalhe: 'já está na versão mais nova' };
  }

  /** Updates follow one another, whoever asks for them. */
  function inTurn(target: Target, request: Request): Promise<Answer | null> {
    const run = turn.then(() => steps(target, request));
    turn = run.catch(() => undefined);
    return run;
  }

  async function lookAll(): Promise<void> {
    for (const target of [...(software ? ['software' as const] : []), ...(agente ? ['agente' as const] : [])]) {
      try {
        const answer = await inTurn(target, {});
        if (answer?.resultado === 'erro') log.error({ alvo: target, detalhe: answer.detalhe }, 'the update failed');
      } catch (error) {
        if (signal.aborted) return;
        const refused = error instanceof Refusal && !error.passing;
        log.warn({ alvo: target, err: error }, refused ? 'the server gives no update' : 'no update now');
      }
    }
  }

  return {
    noteFailure,

    /** Looks from time to time until stopped; not all machines at once. */
    start(): void {
      if (everySeconds === 0 || (!software && !agente)) return;
      const everyMs = everySeconds * 1_000;
      looking = (async () => {
        await software?.installed.recover();
        await pause(Math.random() * Math.min(firstLookMsMax, everyMs), signal);
        while (!signal.aborted) {
          await lookAll();
          await pause(everyMs * (0.9 + Math.random() * 0.2), signal);
        }
      })().catch((error: unknown) => log.error({ err: error }, 'updates are no longer looked for'));
    },

    /** On command. @returns null when the answer will be known after the agent has started again. */
    async update(target: Target, request: Request & { comandoId: string }): Promise<Answer | null> {
      return inTurn(target, request);
    },

    async stop(): Promise<void> {
      await Promise.all([looking, turn]);
    },
  };
}
