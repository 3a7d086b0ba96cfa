/** `narcidicontrol audit verify`: walks the audit's chain on the data folder itself, server stopped or running. */

import { systemActor } from '../core/actor';
import { systemClock } from '../core/clock';
import { OperationalError } from '../core/operational-error';
import { createAuditoria } from '../modules/auditoria/auditoria.service';
import type { Settings } from '../settings';
import { prepareDataFolder } from '../storage/data-folder';
import { openStores } from '../stores';

/** @throws OperationalError telling the first row that is not as it was written. */
export async function auditVerify(settings: Settings): Promise<number> {
  const stores = await openStores(prepareDataFolder(settings.data), systemClock(settings.clockOffsetSeconds));
  try {
    const verdict = await createAuditoria(stores).verificar(systemActor('linha de comando'));
    if (!verdict.integra) {
      throw new OperationalError(
        `the audit is broken at row ${verdict.posicao} (${verdict.quebra_em}): ${verdict.motivo}; ${verdict.verificados} rows before it are intact`,
      );
    }
    console.log(`the audit is intact: ${verdict.verificados} rows`);
    return 0;
  } finally {
    await stores.close();
  }
}
