/** The state of each machine's anomaly streams, so that a restart begins no stream anew. */

import type { RootDatabase } from 'lmdb';
import type { StreamsStore } from '../../modules/ml/anomalias.service';

const separator = '\0';

/** The store over an open environment. A state is keyed by machine and metric. */
export function createAnomalyStreams(root: RootDatabase): StreamsStore {
  const db = root.openDB<Buffer, string>({ name: 'anomalias', encoding: 'binary' });
  const keysOf = (maquinaId: string) => ({ start: `${maquinaId}${separator}`, end: `${maquinaId}${separator}\uffff` });
  return {
    load: (maquinaId) =>
      [...db.getRange(keysOf(maquinaId))].map(({ key, value }) => ({
        metrica: key.slice(maquinaId.length + 1),
        bytes: Buffer.from(value),
      })),
    async save(entries) {
      await Promise.all(
        entries.map(({ maquinaId, metrica, bytes }) => db.put(`${maquinaId}${separator}${metrica}`, bytes)),
      );
    },
    async forget(maquinaId) {
      await Promise.all([...db.getKeys(keysOf(maquinaId))].map((key) => db.remove(key)));
    },
  };
}
