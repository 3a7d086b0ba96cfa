/** What everything else stands on: the clock, the data folder and the stores in it. */

import { type Clock, dayMs, hourMs, secondMs, systemClock } from '../core/clock';
import { type Ids, uuidV7 } from '../core/ids';
import { createLogParts, type Log } from '../log';
import type { Settings } from '../settings';
import { closeToOthers, lockDataFolder, prepareDataFolder } from '../storage/data-folder';
import { createCounters } from '../storage/lmdb/counters';
import { closeStore, prepareStore } from '../storage/lmdb/guard';
import { openLmdb } from '../storage/lmdb/open';
import { createSeriesStore } from '../storage/lmdb/series';
import { openStores } from '../stores';
import { backupBeforeMigration } from './backups';

export type Adapters = Awaited<ReturnType<typeof openAdapters>>;

/** Opens the data folder for one server. @throws OperationalError when it cannot be written or another server holds it. */
export async function openAdapters(settings: Settings, log: Log) {
  const clock: Clock = systemClock(settings.clockOffsetSeconds);
  const ids: Ids = uuidV7;
  for (const arquivo of closeToOthers(settings.data)) {
    log.warn(
      { arquivo },
      'was open to other users of this machine and is closed now; rotate the keys if any may have read it',
    );
  }
  const folder = prepareDataFolder(settings.data);
  const unlock = lockDataFolder(folder);
  const open = async () => {
    const setAside = await prepareStore(folder, clock.now(), (err) =>
      log.warn({ err }, 'the store of heartbeats is used without having been looked at'),
    );
    await backupBeforeMigration(settings, folder);
    return { setAside, ...(await openStores(folder, clock)) };
  };
  const { setAside, ...stores } = await open().catch((error: unknown) => {
    unlock();
    throw error;
  });
  const lmdb = openLmdb(folder.lmdb);
  const series = createSeriesStore(lmdb, {
    rawMs: settings.metricsRawHours * hourMs,
    minuteMs: settings.metricsMinuteDays * dayMs,
    hourMs: settings.metricsHourDays * dayMs,
  });
  const logParts = createLogParts(log);
  const onError = (parte: string) => (error: unknown) =>
    logParts.of(parte).error({ err: error, parte }, 'background work failed');
  const counters = createCounters(lmdb, onError('contadores'));
  return {
    settings,
    log,
    logParts,
    clock,
    ids,
    folder,
    ...stores,
    /** The damaged store of heartbeats that this start has replaced. */
    setAside,
    lmdb,
    series,
    counters,
    heartbeatIntervalMs: settings.heartbeatIntervalSeconds * secondMs,
    /** Where the server listens; known once it does. */
    addresses: { url: '', mqtt: '' },
    /** Takes the failures of work that nobody waits for. */
    onError,
    close: async (): Promise<void> => {
      await series.settled();
      await counters.settled();
      await closeStore(lmdb, folder);
      await stores.close();
      unlock();
    },
  };
}
