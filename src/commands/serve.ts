/** `narcidicontrol serve`: runs everything until it is told to stop. */

import { createApp } from '../app';
import { createLog } from '../log';
import { version } from '../native/build-info';
import type { Settings } from '../settings';

/** SIGTERM must end in 10 seconds; what hangs is cut off before that. */
const stopWithinMs = 9_000;

/** @returns 0 after a clean stop. @throws OperationalError when it cannot start. */
export async function serve(settings: Settings): Promise<number> {
  const log = createLog(settings.logLevel);
  // Listening for the signals comes first, so that one during start-up is not lost.
  const stopSignal = new Promise<string>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
  const app = await createApp(settings, log);
  let addresses: { url: string; mqtt: string };
  try {
    addresses = await app.start();
  } catch (error) {
    await app.stop();
    throw error;
  }
  log.info({ ...addresses, versao: version }, 'ready');
  const codigo = await app.services.administrador.newSetupCode();
  if (codigo) {
    log.warn(
      { setup_url: `${addresses.url}/setup?codigo=${codigo}` },
      'no administrator yet: open this address within 30 minutes',
    );
  }

  const signal = await stopSignal;
  log.info({ signal }, 'stopping');
  const cutOff = setTimeout(() => {
    log.error('the stop took too long: leaving what is under way');
    process.exit(1);
  }, stopWithinMs);
  await app.stop();
  clearTimeout(cutOff);
  log.info('stopped');
  return 0;
}
