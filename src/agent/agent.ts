/** One agent from its start to its stop: which parts there are and who tells whom. */

import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, hourMs, minuteMs, secondMs } from '../core/clock';
import { commit, version } from '../native/build-info';
import type { AgentSettings } from './agent.settings';
import { createCommands, type Handler } from './commands';
import { createConnection } from './connection';
import { createDelivery } from './delivery';
import { estadoOf, estadoSchema } from './estado.model';
import { parseJson } from './files';
import { collectHandler, type HandlerOptions, messageHandler, restartHandler } from './handlers';
import { openLedger } from './ledger';
import { pause } from './limit';
import { mqttAddress } from './mqtt-address';
import { createObey } from './obey';
import { type Credential, register, saveCredential } from './registration';
import { createSampler } from './sampler';
import { createSensors } from './sensors';
import { type HeartbeatAnswer, Refusal, type ServerApi } from './server-api';
import { createSpell } from './spell';
import { openSpool } from './spool';
import type { StateFolder } from './state-folder';
import { createTrust } from './trust';
import { createSoftware } from './update/software';
import { updateHandler } from './update/update-command';
import { createUpdater, type NewAgent } from './update/updater';

/** By HTTP the interval and a fresh certificate come, which MQTT only brings when something changes. */
const contactEveryMs = hourMs;
/** A credential that was taken away is not asked for all the time. */
const registerAgainEveryMs = 15 * minuteMs;
/** A clock this far off is the server's business too; less is the network. */
const clockToleranceMs = 30 * secondMs;
/** SIGTERM has to end in ten seconds. */
const stopWithinMs = 8_000;
const lastDeliveryMs = 3_000;

export interface AgentOptions {
  settings: AgentSettings;
  folder: StateFolder;
  api: ServerApi;
  credential: Credential;
  localClock: Clock;
  /** On probation a new build only shows that it can connect and be heard. */
  probation: boolean;
  /** The server has acknowledged a heartbeat. */
  onDelivered(): void;
  /** A new build of the agent wants its turn. */
  onNewAgent(build: NewAgent): void;
  log: Logger;
}

/** What the machine runs: the software looked after, or the agent where there is none. */
export function reportedVersion(settings: AgentSettings, folder: StateFolder, log: Logger): string {
  return softwareOf(settings, folder, log, new AbortController().signal)?.versao() ?? version;
}

export function createAgent(options: AgentOptions) {
  const { settings, folder, api, localClock, probation, onDelivered, onNewAgent, log } = options;
  const stopping = new AbortController();
  let credential = options.credential;
  let lastSample: string | null = null;
  let registeredAgainAt = Number.NEGATIVE_INFINITY;

  const clock: Clock = {
    now: () => localClock.now() + (Math.abs(api.clockAheadMs()) > clockToleranceMs ? api.clockAheadMs() : 0),
  };
  const keep = (changed: Partial<Credential>): void => {
    credential = { ...credential, ...changed };
    saveCredential(folder, credential);
  };
  const topics = () => credential.ativacao.mqtt.topicos;
  const answer = (resposta: object): Promise<void> => connection.publish(topics().respostas, JSON.stringify(resposta));

  const spool = openSpool({
    folder: folder.spool,
    bytesMax: settings.bufferMib * 1024 ** 2,
    onTrouble: (message, details) => log.error(details, message),
  });
  const trust = createTrust({
    pinned: credential.chaves,
    fetchKeys: () => api.keys(),
    keep: (chaves) => keep({ chaves: [...chaves] }),
    ticks: () => performance.now(),
  });
  const limiteMs = settings.comandoLimiteSeconds * secondMs;
  const arquivo = settings.estadoArquivo || join(folder.path, 'estado.json');
  const obey = createObey({
    folder,
    trust,
    settings: { arquivo, modo: settings.estadoModo, aoMudar: settings.aoMudar, limiteMs },
    impressao: credential.impressao,
    clock,
    answer,
    log,
  });
  const software = softwareOf(settings, folder, log, stopping.signal);
  const versao = (): string => software?.versao() ?? version;
  const updater = createUpdater({
    api,
    token: () => credential.ativacao.token,
    trust,
    folder: folder.updates,
    canal: settings.canal,
    software: software ? { produto: settings.produto, installed: software } : null,
    // Run from source the executable is the runtime's, and none of ours to exchange.
    agente:
      settings.produtoAgente === '' || commit === 'source'
        ? null
        : { produto: settings.produtoAgente, versao: version },
    handOver: onNewAgent,
    everySeconds: settings.atualizarSeconds,
    clock,
    log,
    signal: stopping.signal,
  });
  const handlerOptions: HandlerOptions = {
    aoReiniciar: settings.aoReiniciar,
    aoReceberMensagem: settings.aoReceberMensagem,
    limiteMs,
    mensagens: join(dirname(arquivo), 'mensagens'),
    modo: settings.estadoModo,
    versoes: () => ({ agente: version, ...(software ? { software: software.versao() } : {}) }),
    clock,
    signal: stopping.signal,
    log,
  };
  const commands = createCommands({
    ledger: openLedger(folder.commands),
    handlers: new Map<string, Handler>([
      ['reiniciar', restartHandler(handlerOptions)],
      ['coletar', collectHandler(handlerOptions)],
      ['mensagem', messageHandler(handlerOptions)],
      ['atualizar', updateHandler(updater, folder.updates, software ? 'software' : 'agente')],
    ]),
    executes: !probation,
    clock,
    answer,
    log,
  });
  const connection = createConnection({
    access: () => ({
      ...credential.ativacao.mqtt,
      url: mqttAddress(credential.ativacao.mqtt.url, settings.mqtt, api.base),
    }),
    ca: api.ca,
    onMessage,
    onConnected: () => {
      obey.connected();
      commands.connected();
      delivery.kick();
      void contact();
    },
    onRefused: registerAgain,
    log,
  });
  const delivery = createDelivery({
    spool,
    connection,
    heartbeatTopic: () => topics().heartbeat,
    post,
    clock,
    onDelivered,
    log,
  });
  const sampler = createSampler({
    sensors: createSensors(),
    spool,
    clock,
    versao,
    onSample: (line) => {
      const first = lastSample === null;
      lastSample = line;
      delivery.kick();
      // A connection that was there before anything was measured still has to hear the interval.
      if (first && connection.connected()) void contact();
    },
    log,
  });
  const contactTimer = setInterval(() => void contact(), contactEveryMs);

  async function onMessage(topic: string, payload: Buffer): Promise<void> {
    const { estado: estadoTopic, comandos } = topics();
    const text = payload.toString('utf8');
    if (topic === comandos) return commands.receive(text);
    if (topic !== estadoTopic) return;
    const estado = parseJson(text, estadoSchema);
    if (estado) await obey.receive(estado);
    else log.error('a state that is not as the contract says was ignored');
  }

  /** Sends heartbeats over HTTP, and takes from the answer what it says. @throws Refusal */
  async function post(body: unknown): Promise<HeartbeatAnswer> {
    try {
      const told = await api.heartbeat(credential.ativacao.token, body);
      if (told.intervalo_s !== credential.intervalo_s) keep({ intervalo_s: told.intervalo_s });
      sampler.setInterval(told.intervalo_s);
      await obey
        .receive(estadoOf(told))
        .catch((error: unknown) => log.warn({ err: error }, 'a state could not be verified'));
      return told;
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) await registerAgain();
      throw error;
    }
  }

  const overHttp = createSpell(log, 'the server does not answer over HTTP', 'the server answers over HTTP again');
  /** Says the last heartbeat again over HTTP, which the server counts once. */
  async function contact(): Promise<void> {
    if (lastSample === null || stopping.signal.aborted) return;
    try {
      await post(JSON.parse(lastSample));
      overHttp.well();
    } catch (error) {
      overHttp.failed({ err: error });
    }
  }

  /** The server does not take the credential any more: by the key, where it is known, there is another. */
  async function registerAgain(): Promise<void> {
    if (performance.now() - registeredAgainAt < registerAgainEveryMs) return;
    registeredAgainAt = performance.now();
    if (settings.chave === '') {
      log.error('the server refuses this machine’s credential: start it once with --chave to register again');
      return;
    }
    try {
      const { chave, nome, produto } = settings;
      credential = await register({ folder, api, chave, nome, versao: versao(), produto }, credential.impressao);
      log.warn('the credential was refused: registered again by the key');
    } catch (error) {
      log.error({ err: error }, 'the credential was refused, and so is the key');
    }
  }

  return {
    start(): void {
      obey.start();
      if (!probation) {
        commands.start();
        updater.start();
      }
      connection.start();
      sampler.start(credential.intervalo_s);
    },

    noteFailure: updater.noteFailure,

    /** Ends what is under way, sends what waits if that goes quickly, and says goodbye. */
    async stop(): Promise<void> {
      clearInterval(contactTimer);
      stopping.abort();
      const ending = (async () => {
        await sampler.stop();
        if (connection.connected()) delivery.kick();
        await Promise.race([delivery.stop(), pause(lastDeliveryMs, new AbortController().signal)]);
        await Promise.all([commands.stop(), updater.stop(), obey.stop()]);
      })();
      await Promise.race([ending, pause(stopWithinMs, new AbortController().signal)]);
      await connection.stop();
    },
  };
}

function softwareOf(settings: AgentSettings, folder: StateFolder, log: Logger, signal: AbortSignal) {
  if (settings.software === '') return null;
  return createSoftware({
    folder: folder.updates,
    target: settings.software,
    versaoConfigurada: settings.softwareVersao,
    aoReiniciar: settings.aoReiniciar,
    pronto: settings.softwarePronto,
    prazoMs: settings.prazoProntoSeconds * secondMs,
    limiteMs: settings.comandoLimiteSeconds * secondMs,
    log,
    signal,
  });
}
