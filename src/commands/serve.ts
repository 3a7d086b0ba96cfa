/** `narcidicontrol serve`: runs everything until it is told to stop. */

import { type App, createApp } from '../app';
import { createLog, createServerLog, type Log } from '../log';
import { version } from '../native/build-info';
import type { Resolved } from '../settings';
import { dataFolder } from '../storage/data-folder';

/** SIGTERM must end in 10 seconds; what hangs is cut off before that. */
const stopWithinMs = 9_000;

/** What a command does while the server runs. @returns how to end it. */
export type WhileRunning = (
  app: App,
  addresses: { url: string; mqtt: string },
  log: Log,
) => Promise<() => Promise<void>>;

/** @returns 0 after a clean stop. @throws OperationalError when it cannot start. */
export async function serve(resolved: Resolved): Promise<number> {
  return runServer(resolved, async (app, { url }) => {
    const codigo = await app.services.administrador.newSetupCode();
    if (codigo) {
      // For the eyes of whoever starts it: not for the files, which are kept and copied.
      createLog(resolved.settings.logLevel).warn(
        { setup_url: `${url}/setup?codigo=${codigo}` },
        'no administrator yet: open within 30 minutes',
      );
    }
    return async () => undefined;
  });
}

/** Starts the server, lets `during` work beside it, and stops both at SIGTERM or SIGINT. */
export async function runServer(resolved: Resolved, during: WhileRunning): Promise<number> {
  const { settings } = resolved;
  const { log, addFiles } = createServerLog(settings.logLevel);
  // Listening for the signals comes first, so that one during start-up is not lost.
  const stopSignal = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  // lmdb drops a promise of its own when a commit fails: a full disk must be told, not end the process.
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'background work failed'));
  const app = await createApp(resolved, log);
  // The folder is there and ours now; nobody waits for its logs.
  const { logFiles: keep, logFileMb: megabytes } = settings;
  if (keep > 0) void addFiles({ folder: dataFolder(settings.data).logs, keep, megabytes });
  let end: () => Promise<void>;
  try {
    const addresses = await app.start();
    log.info({ ...addresses, versao: version }, 'ready');
    end = await during(app, addresses, log);
  } catch (error) {
    await app.stop();
    throw error;
  }

  const signal = await stopSignal;
  log.info({ signal }, 'stopping');
  let cutOff: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<boolean>((resolve) => {
    cutOff = setTimeout(() => resolve(false), stopWithinMs);
  });
  const clean = await Promise.race([end().then(() => app.stop().then(() => true)), tooLong]);
  clearTimeout(cutOff);
  if (clean) log.info('stopped');
  else log.error('the stop took too long: leaving what is under way');
  return clean ? 0 : 1;
}
