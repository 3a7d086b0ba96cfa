/**
 * The heartbeats of every machine and their rollups, ordered by (machine, time): raw, by minute and by hour, each kept for a
 * time of its own. What each table holds is in series-tables, its bytes in series-codec.
 */

import type { RootDatabase } from 'lmdb';
import type { CompactionReport, Heard, Retention, SeriesStore } from '../../modules/maquinas/series.store';
import { adoptUnmarked } from './series-adopt';
import { createSeriesAppend } from './series-append';
import { decodePoint, idOf, maquinaOf, newestOf, receivedAtOf } from './series-codec';
import { createSeriesCompaction } from './series-compact';
import { createSeriesForget } from './series-forget';
import { readBuckets } from './series-read';
import { maquinasAfter, openSeriesTables, readNames, rowsBetween } from './series-tables';

const pageMachines = 200;

/** The series store over an open environment. */
export function createSeriesStore(root: RootDatabase, retention: Retention): SeriesStore {
  const tables = openSeriesTables(root);
  adoptUnmarked(tables);
  const append = createSeriesAppend(tables);
  const forget = createSeriesForget(tables, append);
  const compaction = createSeriesCompaction({ tables, append, forget, retention });
  let running: Promise<CompactionReport> | null = null;
  let lastCompaction: CompactionReport | null = null;

  return {
    append: append.append,
    forget,
    buckets: (maquinaId, fromMs, toMs, finest) => readBuckets(tables, maquinaId, fromMs, toMs, finest),
    extraNames: (maquinaId) => readNames(tables, idOf(maquinaId)),

    *range(maquinaId, fromMs, toMs) {
      const id = idOf(maquinaId);
      const names = readNames(tables, id);
      for (const { em, value } of rowsBetween(tables.pontos, id, fromMs, toMs)) yield decodePoint(em, value, names);
    },

    lastSeen(maquinaId) {
      const presence = tables.presenca.get(idOf(maquinaId));
      return presence ? receivedAtOf(presence) : null;
    },

    heard(maquinaId) {
      const presence = tables.presenca.get(idOf(maquinaId));
      return presence ? heardOf(presence) : null;
    },

    *everyHeard() {
      for (let page = maquinasAfter(tables.presenca, null, pageMachines); page.length > 0; ) {
        for (const id of page) {
          const presence = tables.presenca.get(id);
          if (presence) yield { maquinaId: maquinaOf(id), heard: heardOf(presence) };
        }
        page = maquinasAfter(tables.presenca, page.at(-1) ?? null, pageMachines);
      }
    },

    async compact(options) {
      // Two at a time would each overwrite what the other has just rolled up.
      running ??= compaction.compact(options).finally(() => {
        running = null;
      });
      lastCompaction = await running;
      return lastCompaction;
    },

    async settled() {
      await running?.catch(() => undefined);
    },

    stats: () => ({ extrasIgnored: append.extrasIgnored(), lastCompaction }),
  };
}

function heardOf(presence: Buffer): Heard {
  return { em: receivedAtOf(presence), newest: newestOf(presence) };
}
