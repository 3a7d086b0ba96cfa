/** `narcidicontrol config`: the effective settings. */

import { describeSettings, resolveSettings, type Sources } from '../settings';

export async function config(given: Sources): Promise<number> {
  const entries = describeSettings(resolveSettings(given)).map(({ nome, valor, origem, descricao }) => [
    nome,
    { value: valor, source: origem, description: descricao },
  ]);
  console.log(JSON.stringify(Object.fromEntries(entries), null, 2));
  return 0;
}
