/** The process of the agent: one agent after another until it is told to stop, for a new build may have its turn between. */

import type { Logger } from 'pino';
import { type Clock, secondMs } from '../core/clock';
import { OperationalError } from '../core/operational-error';
import { version } from '../native/build-info';
import { createAgent, reportedVersion } from './agent';
import type { AgentSettings } from './agent.settings';
import { splitCommand } from './hook';
import { type Credential, ensureRegistered, loadCredential } from './registration';
import { createServerApi, type ServerApi } from './server-api';
import { lockStateFolder, prepareStateFolder, type StateFolder } from './state-folder';
import { becomeNew, tryBuild } from './update/self';
import type { NewAgent } from './update/updater';

export interface RunOptions {
  settings: AgentSettings;
  /** The arguments of the process, for a new build to be started with. */
  args: readonly string[];
  probation: boolean;
  clock: Clock;
  log: Logger;
}

type End = 'stopped' | 'heard' | 'not heard' | NewAgent;

/** @returns the exit code. @throws OperationalError when it cannot start, or the server refuses it. */
export async function runAgent(options: RunOptions): Promise<number> {
  const { settings, args, probation, log } = options;
  for (const command of [settings.aoMudar, settings.aoReiniciar, settings.aoReceberMensagem, settings.softwarePronto]) {
    splitCommand(command);
  }
  // The MQTT client parses addresses in a way Node warns about; nobody who runs an agent can do anything about it.
  process.noDeprecation = true;
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'background work failed'));
  const folder = prepareStateFolder(settings.data);
  const update = {
    folder: folder.updates,
    executable: process.execPath,
    args,
    prazoMs: settings.prazoProntoSeconds * secondMs,
    log,
    signal: stop.signal,
  };
  let failed: NewAgent | null = null;
  while (true) {
    const end = await runOnce(options, folder, stop.signal, failed);
    if (end === 'stopped') return probation ? 1 : 0;
    if (end === 'heard' || end === 'not heard') return end === 'heard' ? 0 : 1;
    const proved = await tryBuild(end, update);
    if (stop.signal.aborted) return 0;
    if (proved) {
      becomeNew(update);
      return 0;
    }
    failed = end;
  }
}

/** One agent, from taking the state folder to giving it back. */
async function runOnce(
  { settings, probation, clock, log }: RunOptions,
  folder: StateFolder,
  signal: AbortSignal,
  failed: NewAgent | null,
): Promise<End> {
  const unlock = lockStateFolder(folder);
  try {
    const api = createServerApi(settings.server || keptServer(folder), settings.ca, clock);
    const { chave, nome, produto } = settings;
    const versao = reportedVersion(settings, folder, log);
    const credential = await ensureRegistered({ folder, api, chave, nome, produto, versao, log, signal });
    if (!credential || signal.aborted) return 'stopped';
    warnOfPlainText(api, log);
    return await untilEnd({ settings, probation, clock, log, folder, api, credential, signal, failed });
  } finally {
    unlock();
  }
}

interface Running extends Omit<RunOptions, 'args'> {
  folder: StateFolder;
  api: ServerApi;
  credential: Credential;
  signal: AbortSignal;
  failed: NewAgent | null;
}

async function untilEnd({
  settings,
  probation,
  clock,
  log,
  folder,
  api,
  credential,
  signal,
  failed,
}: Running): Promise<End> {
  const ended = Promise.withResolvers<End>();
  const agent = createAgent({
    settings,
    folder,
    api,
    credential,
    localClock: clock,
    probation,
    onDelivered: () => {
      if (probation) ended.resolve('heard');
    },
    onNewAgent: (build) => ended.resolve(build),
    log,
  });
  if (failed) agent.noteFailure(failed.offer);
  const onStop = (): void => ended.resolve('stopped');
  signal.addEventListener('abort', onStop);
  // Nobody may be left to say that it has taken too long.
  const limit = probation
    ? setTimeout(() => ended.resolve('not heard'), settings.prazoProntoSeconds * secondMs)
    : undefined;
  agent.start();
  const { id } = credential.ativacao.maquina;
  log.info({ servidor: api.base.href, maquina_id: id, versao: version, dados: folder.path, prova: probation }, 'ready');
  const end = await ended.promise;
  clearTimeout(limit);
  signal.removeEventListener('abort', onStop);
  log.info('stopping');
  await agent.stop();
  log.info('stopped');
  return end;
}

/** @throws OperationalError when no server was ever named. */
function keptServer(folder: StateFolder): string {
  const kept = loadCredential(folder);
  if (!kept) throw new OperationalError('which server? Give its address with --server or NARCIDI_SERVER');
  return kept.servidor;
}

function warnOfPlainText(api: ServerApi, log: Logger): void {
  if (api.base.protocol === 'https:' || /^(localhost|127\..+|\[::1\])$/.test(api.base.hostname)) return;
  log.warn({ servidor: api.base.href }, 'the connection is not encrypted: whoever carries it can read the credential');
}
