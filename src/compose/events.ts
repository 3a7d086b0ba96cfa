/** The dispatcher and everyone who reacts to committed events. */

import { statfs } from 'node:fs/promises';
import { secondMs, systemClock } from '../core/clock';
import type { CommittedEvent } from '../core/events';
import { createAlertas } from '../modules/alertas/alertas.service';
import { createAvisos } from '../modules/alertas/avisos.service';
import { createRegras, ensureRegrasEmbutidas } from '../modules/alertas/regras.service';
import { createVigia } from '../modules/alertas/vigia.service';
import { createEventos } from '../modules/eventos/eventos.service';
import { createRetencao } from '../modules/eventos/retencao.service';
import { createSessoesVivas } from '../modules/eventos/sessao-viva.service';
import { createVivo } from '../modules/eventos/vivo.service';
import { createEntregas } from '../modules/webhooks/entregas.service';
import { createEnvio } from '../modules/webhooks/envio.service';
import { createPressao } from '../modules/webhooks/pressao.service';
import { createTentar } from '../modules/webhooks/tentativa.service';
import { createWebhooks } from '../modules/webhooks/webhooks.service';
import { createWebhooksStore } from '../modules/webhooks/webhooks.store';
import { version } from '../native/build-info';
import { createOutbound } from '../relay/outbound';
import { createRelay } from '../relay/relay';
import { createAuthenticate } from '../transport/http/authenticate';
import { liveFeed } from '../transport/http/live-feed';
import type { Broker } from '../transport/mqtt/broker';
import { changesMachineState } from '../transport/mqtt/state-events';
import type { Adapters } from './adapters';
import type { Services } from './services';

/** A machine hears of a block at once. */
const machineGapMs = 1;
/** Machines that are told together wait for the disk once. */
const machinesAtOnce = 200;

export type Events = ReturnType<typeof composeEvents>;

export function composeEvents(
  adapters: Adapters,
  { acesso, estado, emails, abertura, medidas }: Services,
  broker: Broker,
) {
  const { logParts, work, sqlite, clock, ids, keyring, settings, folder, onError } = adapters;
  const relay = createRelay({
    work,
    clock,
    ids,
    onError: (error, reaction, event) =>
      logParts.of('eventos').error({ err: error, reaction, evento: event?.id }, 'reaction failed'),
  });
  const tellAffected = async (event: CommittedEvent): Promise<void> => {
    for await (const batch of estado.affectedBy(event)) await broker.tellAll(batch);
  };
  // One machine does not wait while all those of a customer are told.
  for (const [nome, single] of [
    ['estado-mqtt', true],
    ['estado-mqtt-frota', false],
  ] as const) {
    relay.register({
      nome,
      gapMs: machineGapMs,
      entitiesAtOnce: machinesAtOnce,
      wants: (tipo) => changesMachineState(tipo) && tipo.startsWith('maquina.') === single,
      handle: tellAffected,
    });
  }
  relay.register({
    nome: 'comandos-mqtt',
    gapMs: machineGapMs,
    entitiesAtOnce: machinesAtOnce,
    wants: (tipo) => tipo === 'maquina.comando_criado',
    handle: async ({ dados }) => {
      if (typeof dados.maquina_id === 'string') await broker.command(dados.maquina_id);
    },
  });
  const outbound = createOutbound({ allowPrivate: settings.webhookAllowPrivate });
  const store = createWebhooksStore(keyring);
  const userAgent = `narcidicontrol/${version}`;
  const tentar = createTentar({ outbound, clock, wallClock: systemClock(0), userAgent });
  const pressao = createPressao(work.waitedMs);
  const envio = createEnvio({
    work,
    clock,
    ids,
    store,
    tentar,
    pressao,
    backoffSeconds: settings.webhookBackoffSeconds,
    random: Math.random,
    onError: onError('webhooks'),
  });
  relay.register(envio.projection);
  const webhooks = createWebhooks({
    work,
    ids,
    store,
    checkUrl: (url) => outbound.check(url),
    watcher: envio,
    onError: onError('webhooks'),
  });
  const avisos = createAvisos(emails, settings.timeZone);
  const vigia = createVigia({
    work,
    clock,
    abertura,
    medidas,
    avisos,
    sistema: () => systemMetrics(folder.path, relay),
    onError: onError('alertas'),
  });
  relay.register(vigia.projection);
  const authenticate = createAuthenticate({ acesso, estado, keyring });
  const vivo = createVivo({ handle: sqlite.readerHandle, pressao, onError: onError('eventos') });
  const sessoes = createSessoesVivas({ onError: onError('eventos') });
  work.onCommit((commit) => {
    vivo.onCommit(commit);
    sessoes.onCommit(commit);
  });
  return {
    authenticate,
    vivo,
    sessoes,
    /** The live feed over WebSocket. */
    endpoint: liveFeed({ vivo, sessoes, authenticate }),
    relay,
    eventos: createEventos({ work, relay }),
    retencao: createRetencao({ work, consumers: relay.consumers() }),
    webhooks,
    entregas: createEntregas({ work, clock, ids, store, tentar, ring: envio.ring }),
    envio,
    alertas: createAlertas({ work, abertura, medidas }),
    regras: createRegras({ work, ids, abertura, watcher: vigia }),
    /** Before the first change is written, so that whoever waits for events gets every one. */
    async prepare(): Promise<void> {
      await ensureRegrasEmbutidas(sqlite.writer, clock.now());
      await envio.start();
      await vigia.start();
    },
    start(): void {
      relay.start();
      sessoes.start();
      pressao.start();
      emails.start();
    },
    /** Ends the connections that would never end by themselves. */
    hangUp(): void {
      sessoes.stop();
      vivo.encerrar();
    },
    async stop(): Promise<void> {
      pressao.stop();
      await relay.stop();
      await vigia.stop();
      await envio.stop();
      await emails.stop();
    },
  };
}

/** What rules may watch of the server itself. */
async function systemMetrics(
  folder: string,
  relay: { stats(): Promise<{ atraso_ms: number; mortas: number }[]> },
): Promise<Record<string, number>> {
  const { bavail, blocks, bsize } = await statfs(folder);
  const lags = await relay.stats();
  return {
    disco_livre_pct: blocks === 0 ? 0 : (bavail / blocks) * 100,
    disco_livre_mb: (bavail * bsize) / 1024 ** 2,
    memoria_mb: process.memoryUsage.rss() / 1024 ** 2,
    atraso_eventos_s: Math.max(0, ...lags.map(({ atraso_ms }) => atraso_ms)) / secondMs,
    entregas_mortas: lags.reduce((total, { mortas }) => total + mortas, 0),
  };
}
