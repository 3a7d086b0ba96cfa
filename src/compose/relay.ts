/** Who reacts to committed events. */

import { createRelay } from '../relay/relay';
import { type Broker, changesMachineState } from '../transport/mqtt/broker';
import type { Adapters } from './adapters';
import type { Services } from './services';

export function composeRelay({ log, work, sqlite, clock }: Adapters, { estado }: Services, broker: Broker) {
  const relay = createRelay({
    work,
    writer: sqlite.writer,
    clock,
    onError: (error, reaction, event) => log.error({ err: error, reaction, evento: event?.id }, 'reaction failed'),
  });
  relay.register({
    nome: 'estado-mqtt',
    wants: changesMachineState,
    handle: async (event) => {
      for await (const batch of estado.affectedBy(event)) for (const maquinaId of batch) await broker.tell(maquinaId);
    },
  });
  return relay;
}
