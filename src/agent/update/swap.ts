/** Exchanging a file for a verified one: there is the old one or the new one at every moment, and the old one is kept. */

import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../files';
import { sha256Of, Unverified } from './download';

const executableMode = 0o755;

export const stagedPath = (target: string): string => `${target}.nova`;
export const previousPath = (target: string): string => `${target}.anterior`;

/**
 * Puts a verified file beside its target, on the same disk, with the target's mode.
 * @throws Unverified when what arrived there is not what was verified.
 */
export async function stage(verified: string, target: string, sha256: string): Promise<string> {
  const staged = stagedPath(target);
  rmSync(staged, { force: true });
  copyFileSync(verified, staged);
  chmodSync(staged, existsSync(target) ? statSync(target).mode & 0o777 : executableMode);
  const file = openSync(staged, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  if ((await sha256Of(staged)).toString('hex') !== sha256.toLowerCase()) {
    rmSync(staged, { force: true });
    throw new Unverified('the copy beside the target is not what was verified');
  }
  return staged;
}

/** The staged file takes the target's place; the old one stays as `.anterior`. */
export function swapIn(target: string): void {
  const previous = previousPath(target);
  rmSync(previous, { force: true });
  if (existsSync(target)) keepPrevious(target, previous);
  renameSync(stagedPath(target), target);
  syncFolder(dirname(target));
}

/** The old file comes back; where there was none, there is none again. */
export function putBack(target: string): void {
  const previous = previousPath(target);
  if (existsSync(previous)) {
    if (process.platform === 'win32') rmSync(target, { force: true });
    renameSync(previous, target);
  } else rmSync(target, { force: true });
  syncFolder(dirname(target));
}

/** A second name where the disk can do that, so that the target is never missing; Windows only renames what runs. */
function keepPrevious(target: string, previous: string): void {
  if (process.platform === 'win32') {
    renameSync(target, previous);
    return;
  }
  try {
    linkSync(target, previous);
  } catch {
    copyFileSync(target, previous);
  }
}
