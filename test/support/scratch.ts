/** Scratch folders. */

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), 'narcidi-test-'));
}
