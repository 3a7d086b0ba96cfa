/** `narcidicontrol agent`: the machine side. */

import { resolveAgentSettings } from '../agent/agent.settings';
import { runAgent } from '../agent/run';
import { systemdUnit } from '../agent/systemd';
import { systemClock } from '../core/clock';
import { createLog } from '../log';

interface Options {
  imprimirSystemd?: boolean;
  emProva?: boolean;
}

/**
 * @param flags the flags of the command by name.
 * @throws OperationalError for a setting that is not valid, or when it cannot start.
 */
export async function agent(
  flags: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string | undefined>>,
  { imprimirSystemd, emProva }: Options,
): Promise<number> {
  const settings = resolveAgentSettings(flags, env);
  if (imprimirSystemd) {
    process.stdout.write(systemdUnit(settings, process.execPath));
    return 0;
  }
  return runAgent({
    settings,
    args: process.argv.slice(2),
    probation: emProva === true,
    clock: systemClock(0),
    log: createLog(settings.logLevel),
  });
}
