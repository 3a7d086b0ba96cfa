/** `narcidicontrol demo`: the server on a scratch folder, with customers, licences and machines that behave like real ones. */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../core/clock';
import { OperationalError } from '../../core/operational-error';
import { resolveSettings } from '../../settings';
import { runServer } from '../serve';
import { createSampleCustomers } from './sample-customers';
import { createSampleVersions } from './sample-versions';
import { startMachine } from './simulated-machine';

const email = 'demo@exemplo.com.br';
const machinesMax = 5_000;
/** Livelier than the default of a minute, so that there is something to see. */
const demoHeartbeatSeconds = '5';

/**
 * @param flags the flags of the command by name; `maquinas` is how many machines to simulate.
 * @throws OperationalError for a number of machines that is none.
 */
export async function demo(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  const machines = Number(flags.maquinas);
  if (!Number.isInteger(machines) || machines < 1 || machines > machinesMax) {
    throw new OperationalError(`--maquinas must be a whole number from 1 to ${machinesMax}`);
  }
  // The MQTT client parses addresses in a way Node warns about; nobody who watches a demo can do anything about it.
  process.noDeprecation = true;
  const scratch = mkdtempSync(join(tmpdir(), 'narcidi-demo-'));
  const password = `demo-${randomBytes(6).toString('base64url')}`;
  const resolved = resolveSettings({
    flags: { ...flags, data: scratch },
    env: {
      NARCIDI_HEARTBEAT_INTERVAL: demoHeartbeatSeconds,
      ...env,
      NARCIDI_ADMIN_EMAIL: email,
      NARCIDI_ADMIN_PASSWORD: password,
      // Hundreds of machines behind one address are the point here.
      NARCIDI_RATE_LIMIT: 'off',
    },
  });
  const { settings } = resolved;
  try {
    return await runServer(resolved, async (app, { url }, log) => {
      const seats = await createSampleCustomers(app.services, machines, systemClock(settings.clockOffsetSeconds).now());
      await createSampleVersions(app.services.versoes);
      const running = await Promise.all(
        seats.map((seat, index) =>
          startMachine({
            server: url,
            ...seat,
            index,
            heartbeatSeconds: settings.heartbeatIntervalSeconds,
            timeZone: settings.timeZone,
          }),
        ),
      );
      log.info({ url, email, senha: password, maquinas: running.length }, 'demo: log in with this e-mail and password');
      return async () => {
        await Promise.all(running.map((machine) => machine.stop()));
      };
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
