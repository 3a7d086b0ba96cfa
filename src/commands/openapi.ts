/** `narcidicontrol openapi`: the document of the routes, without a data folder. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../app';
import { createLog } from '../log';
import { resolveSettings } from '../settings';

export async function openapi(): Promise<number> {
  const scratch = mkdtempSync(join(tmpdir(), 'narcidi-openapi-'));
  try {
    const resolved = resolveSettings({ flags: { data: scratch }, env: {} });
    const app = await createApp(resolved, createLog('error'));
    const response = await app.handler(new Request('http://localhost/swagger/json'), null);
    console.log(JSON.stringify(await response.json(), null, 2));
    await app.stop();
    return 0;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
