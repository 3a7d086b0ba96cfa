/** The dispatcher and everyone who reacts to committed events. */

import { createEventos } from '../modules/eventos/eventos.service';
import { createRelay } from '../relay/relay';
import type { Broker } from '../transport/mqtt/broker';
import { changesMachineState } from '../transport/mqtt/state-events';
import type { Adapters } from './adapters';
import type { Services } from './services';

export type Events = ReturnType<typeof composeEvents>;

export function composeEvents(adapters: Adapters, { estado, emails }: Services, broker: Broker) {
  const { log, work, sqlite, clock, ids } = adapters;
  const relay = createRelay({
    work,
    writer: sqlite.writer,
    clock,
    ids,
    onError: (error, reaction, event) => log.error({ err: error, reaction, evento: event?.id }, 'reaction failed'),
  });
  relay.register({
    nome: 'estado-mqtt',
    wants: changesMachineState,
    handle: async (event) => {
      for await (const batch of estado.affectedBy(event)) await broker.tellAll(batch);
    },
  });
  relay.register({
    nome: 'comandos-mqtt',
    wants: (tipo) => tipo === 'maquina.comando_criado',
    handle: async ({ dados }) => {
      if (typeof dados.maquina_id === 'string') await broker.command(dados.maquina_id);
    },
  });
  return {
    relay,
    eventos: createEventos({ work, relay }),
    start(): void {
      relay.start();
      emails.start();
    },
    async stop(): Promise<void> {
      await relay.stop();
      await emails.stop();
    },
  };
}
