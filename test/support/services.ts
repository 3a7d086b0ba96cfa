/** The services on a scratch folder with a clock that tests move. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemActor } from '../../src/core/actor';
import { uuidV7 } from '../../src/core/ids';
import { createClientes } from '../../src/modules/clientes/clientes.service';
import { createFaturas } from '../../src/modules/faturas/faturas.service';
import { createLicencas } from '../../src/modules/licencas/licencas.service';
import { touchMachines } from '../../src/modules/maquinas/maquinas.service';
import { createPlanos } from '../../src/modules/planos/planos.service';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores } from '../../src/stores';

export const actor = systemActor('teste');

export async function openServices(startMs: number) {
  const path = mkdtempSync(join(tmpdir(), 'narcidi-services-'));
  let now = startMs;
  const clock = { now: () => now };
  const stores = await openStores(prepareDataFolder(path), clock);
  const { work, keyring } = stores;
  const ids = uuidV7;
  const faturas = createFaturas({
    work,
    clock,
    ids,
    timeZone: 'America/Sao_Paulo',
    touchMachines: touchMachines.ofLicenca,
  });
  return {
    faturas,
    clientes: createClientes({ work, ids, touchMachines: touchMachines.ofCliente }),
    planos: createPlanos({ work, clock, ids, touchMachines: touchMachines.ofPlano }),
    licencas: createLicencas({
      work,
      clock,
      ids,
      keyring,
      touchMachines: touchMachines.ofLicenca,
      billFirst: faturas.billFirst,
    }),
    work,
    keyring,
    clock,
    setClock: (ms: number) => {
      now = ms;
    },
    /** The types of all events, in order. */
    events: async () =>
      (await work.reader.selectFrom('outbox').select('tipo').orderBy('seq').execute()).map(({ tipo }) => tipo),
    close: async () => {
      await stores.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}
