/** `narcidicontrol config`: the effective settings. */

import { describeSettings, resolveSettings, type Sources } from '../settings';

export async function config(given: Sources): Promise<number> {
  const { settings, sources } = resolveSettings(given);
  const entries = describeSettings(settings).map(({ name, env, value, description }) => [
    env,
    { value, source: sources[name], description },
  ]);
  console.log(JSON.stringify(Object.fromEntries(entries), null, 2));
  return 0;
}
