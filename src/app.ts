/**
 * Composition root: settings → adapters → services → transports; what starts when, and stops in what order. What each is
 * made of is in `compose/`.
 */

import { readFileSync } from 'node:fs';
import { openAdapters } from './compose/adapters';
import { composeBroker } from './compose/broker';
import { composeEvents } from './compose/events';
import { composeHttp } from './compose/http';
import { composeJobs } from './compose/jobs';
import { createServices } from './compose/services';
import { readNetworks } from './core/address';
import { OperationalError } from './core/operational-error';
import type { Log } from './log';
import type { Settings } from './settings';
import { type HttpServer, listenHttp } from './transport/http/listen';
import { createWebSockets } from './transport/http/websocket';
import { listenMqtt, type MqttListener } from './transport/mqtt/listen';
import { mqttOverWebSocket } from './transport/mqtt/websocket';

export type App = Awaited<ReturnType<typeof createApp>>;

/** Opens the data folder and builds every part, without listening yet. @throws OperationalError */
export async function createApp(settings: Settings, log: Log) {
  const adapters = await openAdapters(settings, log);
  const services = createServices(adapters);
  const broker = await composeBroker(adapters, services);
  const events = composeEvents(adapters, services, broker);
  const jobs = composeJobs(adapters, services);
  const handler = composeHttp(adapters, services, jobs, events);
  const { addresses, clock, ids } = adapters;
  const sockets = createWebSockets({
    endpoints: [mqttOverWebSocket(broker), events.endpoint],
    clock,
    ids,
    onBug: adapters.onError('websocket'),
  });
  const { administrador, clientes, licencas, flutuante, presenca, calendario, estado, comandos } = services;
  const { versoes, insight } = services;

  let http: HttpServer | null = null;
  let mqtt: MqttListener | null = null;

  return {
    handler,
    services: { administrador, clientes, licencas },

    /** Listens, and begins the work in the background. @returns the addresses of both ports. */
    async start(): Promise<{ url: string; mqtt: string }> {
      await events.prepare();
      if (settings.adminEmail && settings.adminPassword && !(await administrador.exists())) {
        await administrador.definir('ambiente', settings.adminEmail, settings.adminPassword);
      }
      const tls = readTls(settings);
      await flutuante.start();
      await presenca.start();
      await calendario.start();
      await versoes.versoes.limpar();
      await insight.modelos.install();
      insight.recusas.start();
      mqtt = await listenMqtt(broker, { host: settings.mqttHost || settings.host, port: settings.mqttPort, tls });
      addresses.mqtt = mqtt.url;
      const trustedProxies = readNetworks(settings.trustedProxies);
      http = listenHttp(handler, { host: settings.host, port: settings.port, tls, sockets, trustedProxies });
      addresses.url = http.url;
      events.start();
      await jobs.start();
      return { ...addresses };
    },

    /** Stops accepting, lets what is under way finish, and closes the stores. */
    async stop(): Promise<void> {
      events.hangUp();
      await http?.stop();
      await versoes.transferencias.settled();
      const stopped = mqtt?.stop();
      await broker.close();
      await stopped;
      await jobs.stop();
      await calendario.stop();
      await events.stop();
      await presenca.stop();
      await insight.recusas.stop();
      await estado.settled();
      await comandos.settled();
      await adapters.close();
    },
  };
}

/** @throws OperationalError when only half of the pair is given or a file cannot be read. */
function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | null {
  if (!tlsCert && !tlsKey) return null;
  if (!tlsCert || !tlsKey) throw new OperationalError('TLS needs both NARCIDI_TLS_CERT and NARCIDI_TLS_KEY');
  try {
    return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  } catch (error) {
    throw new OperationalError(
      `the TLS files cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
