/**
 * Composition root: settings → adapters → services → transports; what starts when, and stops in what order. What each is
 * made of is in `compose/`.
 */

import { openAdapters } from './compose/adapters';
import { composeBroker } from './compose/broker';
import { composeEvents } from './compose/events';
import { composeHttp } from './compose/http';
import { composeJobs } from './compose/jobs';
import { composeMetrics } from './compose/metrics';
import { openPorts, type Ports } from './compose/ports';
import { createServices } from './compose/services';
import { tellDamage, tellSetAside } from './compose/store-health';
import type { Log } from './log';
import { describeSettings, type Resolved } from './settings';
import { createWebSockets } from './transport/http/websocket';
import { mqttOverWebSocket } from './transport/mqtt/websocket';

export type App = Awaited<ReturnType<typeof createApp>>;

/** Opens the data folder and builds every part, without listening yet. @throws OperationalError */
export async function createApp(resolved: Resolved, log: Log) {
  const { settings } = resolved;
  const adapters = await openAdapters(settings, log);
  const services = createServices(adapters, describeSettings(resolved));
  const broker = await composeBroker(adapters, services);
  const events = composeEvents(adapters, services, broker);
  const jobs = composeJobs(adapters, services, events);
  const metrics = composeMetrics(adapters, services, broker, events, jobs);
  const handler = composeHttp({ adapters, services, jobs, events, metrics });
  const { addresses, clock, ids } = adapters;
  const sockets = createWebSockets({
    endpoints: [mqttOverWebSocket(broker), events.endpoint],
    clock,
    ids,
    onBug: adapters.onError('websocket'),
  });
  const { administrador, clientes, licencas, flutuante, presenca, calendario, estado, comandos } = services;
  const { planos, faturas, versoes, insight } = services;

  let ports: Ports | null = null;

  return {
    handler,
    services: { administrador, clientes, licencas, planos, faturas, versoes },

    /** Listens, and begins the work in the background. @returns the addresses of both ports. */
    async start(): Promise<{ url: string; mqtt: string }> {
      await events.prepare();
      tellDamage(adapters);
      await tellSetAside(adapters);
      if (settings.adminEmail && settings.adminPassword && !(await administrador.exists())) {
        await administrador.definir('ambiente', settings.adminEmail, settings.adminPassword);
      }
      await flutuante.start();
      await presenca.start();
      await calendario.start();
      await versoes.versoes.limpar();
      await insight.modelos.install();
      insight.start();
      ports = await openPorts(adapters, { broker, handler, sockets });
      events.start();
      await jobs.start();
      return { ...addresses };
    },

    /** Stops accepting, lets what is under way finish, and closes the stores. */
    async stop(): Promise<void> {
      events.hangUp();
      await ports?.stopHttp();
      await versoes.transferencias.settled();
      const stopped = ports?.stopMqtt();
      await broker.close();
      await stopped;
      await jobs.stop();
      await calendario.stop();
      await events.stop();
      await presenca.stop();
      await insight.stop();
      await estado.settled();
      await comandos.settled();
      await adapters.close();
    },
  };
}
