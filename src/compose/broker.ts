/** The MQTT broker over the services, with its sessions on LMDB. */

import { createBrokerPersistence } from '../storage/lmdb/broker-persistence';
import { createRateLimiter } from '../transport/http/kit/rate-limit';
import { maySubscribe } from '../transport/mqtt/acl';
import { type Broker, createBroker } from '../transport/mqtt/broker';
import { createMachineMessages } from '../transport/mqtt/topics';
import type { Adapters } from './adapters';
import type { Services } from './services';

/** Failed MQTT connections per address. */
const loginPolicy = { nome: 'mqtt', burst: 30, perSecond: 0.5 };

/** So many seconds' worth of messages a machine may publish at once, after it was away. */
const publishBurstSeconds = 10;

export async function composeBroker(
  { settings, logParts, clock, lmdb, keyring, heartbeatIntervalMs }: Adapters,
  { estado, comandos, presenca, suspicions }: Services,
): Promise<Broker> {
  const log = logParts.of('mqtt');
  const logins = createRateLimiter(clock, loginPolicy, settings.rateLimit);
  let broker: Broker | null = null;
  broker = await createBroker({
    persistence: createBrokerPersistence({
      root: lmdb,
      clock,
      maySubscribe,
      onDrop: (maquinaId, perdidas) => {
        broker?.noteDropped(perdidas);
        log.warn({ maquina_id: maquinaId, perdidas }, 'queue full: oldest messages dropped');
      },
    }),
    clock,
    limits: {
      connectionsMax: settings.mqttConnectionsMax,
      perAddressMax: settings.rateLimit ? settings.mqttConnectionsPerAddressMax : null,
      publishRate: {
        perSecond: settings.rateLimit ? settings.mqttPublishesPerSecond : 0,
        burst: settings.mqttPublishesPerSecond * publishBurstSeconds,
      },
    },
    returnGraceMs: heartbeatIntervalMs,
    onWillsPublished: (testamentos) => {
      if (testamentos > 0) log.info({ testamentos }, 'wills of the last run published');
    },
    messages: createMachineMessages({
      presenca,
      estado,
      comandos,
      onInvalid: (maquinaId, topico, problem) =>
        log.warn(
          { maquina_id: maquinaId, topico, codigo: problem.codigo, detalhe: problem.message },
          'invalid message dropped',
        ),
    }),
    estado,
    comandos,
    presenca,
    keyring,
    logins: {
      allowed: (ip) => logins.available(ip),
      failed: (ip) => logins.spend(ip),
    },
    onSuspicion: (suspicion) => {
      log.warn(suspicion, 'suspicious act');
      suspicions.report(suspicion);
    },
    onError: (error, maquinaId) => log.error({ err: error, maquina_id: maquinaId }, 'MQTT work failed'),
  });
  return broker;
}
