/**
 * Takes heartbeats in: the point, when the machine was last heard and, with the first of an hour, that the hour is to be rolled
 * up. All of it is one transaction, and nothing is read on the way.
 */

import { hourMs } from '../../core/clock';
import type { HeartbeatPoint } from '../../modules/maquinas/series.store';
import { encodePoint, encodePresence, idOf, newestOf, timeKey } from './series-codec';
import { readNames, type SeriesTables } from './series-tables';

const extrasPerMaquinaMax = 20;
/** Machines remembered; one that was not heard for longest is read again when it is heard. */
const machinesRememberedMax = 20_000;
/** What is stored under an hour that is in no rollup yet. */
export const mark = Buffer.of(1);

interface MachineState {
  id: Buffer;
  /** The last hour marked as pending. */
  markedHour: number;
  newest: HeartbeatPoint | null;
  /** Names of extras by slot. */
  names: string[];
  namesStored: boolean;
  /** Appends on their way to the disk: what they rely upon is not read again meanwhile. */
  inFlight: number;
}

/** Hours that are being rolled up, and whether a heartbeat came for one since that began. */
export interface Watched {
  touched: boolean;
}

export type SeriesAppend = ReturnType<typeof createSeriesAppend>;

export function createSeriesAppend(tables: SeriesTables) {
  const states = new Map<string, MachineState>();
  const watched = new Map<string, Watched>();
  let extrasIgnored = 0;

  function stateOf(maquinaId: string): MachineState {
    const known = states.get(maquinaId);
    if (known) return known;
    const id = idOf(maquinaId);
    const presence = tables.presenca.get(id);
    const newest = presence ? newestOf(presence) : null;
    const state = { id, markedHour: -1, newest, names: readNames(tables, id), namesStored: true, inFlight: 0 };
    states.set(maquinaId, state);
    if (states.size > machinesRememberedMax) forgetOldest();
    return state;
  }

  function forgetOldest(): void {
    for (const [maquinaId, { inFlight }] of states) {
      if (inFlight > 0) continue;
      states.delete(maquinaId);
      return;
    }
  }

  function slotOf(state: MachineState, name: string): number | undefined {
    const slot = state.names.indexOf(name);
    if (slot !== -1) return slot;
    if (state.names.length >= extrasPerMaquinaMax) {
      extrasIgnored += 1;
      return undefined;
    }
    state.namesStored = false;
    return state.names.push(name) - 1;
  }

  function markPending(state: MachineState, maquinaId: string, em: number): void {
    const hour = Math.floor(em / hourMs) * hourMs;
    if (watched.size > 0) {
      const watch = watched.get(watchKey(maquinaId, hour));
      if (watch) watch.touched = true;
    }
    if (hour === state.markedHour) return;
    state.markedHour = hour;
    void tables.pendentes.put(timeKey(state.id, hour), mark);
  }

  return {
    async append(maquinaId: string, points: readonly HeartbeatPoint[], receivedAt: number): Promise<void> {
      const state = stateOf(maquinaId);
      // Operations of one event turn share a transaction and commit in order: the last promise covers them all.
      for (const point of points) {
        const value = encodePoint(point, (name) => slotOf(state, name));
        void tables.pontos.put(timeKey(state.id, point.em), value);
        markPending(state, maquinaId, point.em);
        if (!state.newest || point.em >= state.newest.em) state.newest = point;
      }
      if (!state.newest) return;
      if (!state.namesStored) void tables.extras.put(state.id, Buffer.from(JSON.stringify(state.names)));
      state.namesStored = true;
      state.inFlight += 1;
      try {
        await tables.presenca.put(state.id, encodePresence(receivedAt, state.newest));
      } catch (error) {
        // What was not stored is written again with the next heartbeat.
        state.markedHour = -1;
        state.namesStored = false;
        throw error;
      } finally {
        state.inFlight -= 1;
      }
    },

    /** Takes notice, from now on, of heartbeats for an hour. */
    watch(maquinaId: string, hour: number): Watched {
      const watch = { touched: false };
      watched.set(watchKey(maquinaId, hour), watch);
      return watch;
    },

    unwatch(maquinaId: string, hour: number): void {
      watched.delete(watchKey(maquinaId, hour));
    },

    /** The mark of an hour is being removed: its next heartbeat marks it again. */
    unmarked(maquinaId: string, hour: number): void {
      const state = states.get(maquinaId);
      if (state?.markedHour === hour) state.markedHour = -1;
    },

    forget(maquinaId: string): void {
      states.delete(maquinaId);
    },

    extrasIgnored: () => extrasIgnored,
  };
}

function watchKey(maquinaId: string, hour: number): string {
  return `${maquinaId} ${hour}`;
}
