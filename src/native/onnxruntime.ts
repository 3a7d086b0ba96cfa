/**
 * Loads onnxruntime's addon inside the executable: the addon finds its library beside itself, so both are written into one
 * folder named by their content, and the addon is opened there. Only on first use: start-up does not pay for it.
 */

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onnxruntimeFiles } from './onnxruntime-files';

/** The addon's exports. @throws Error when the libraries cannot be written or opened. */
export function loadOnnxruntime(): unknown {
  const files = onnxruntimeFiles.map(({ name, path }) => ({ name, bytes: readFileSync(path) }));
  const folder = privateFolder(files);
  for (const { name, bytes } of files) writeOnce(join(folder, name), bytes);
  const addon = { exports: {} };
  process.dlopen(addon, join(folder, 'onnxruntime_binding.node'));
  return addon.exports;
}

/**
 * A folder nobody else can write to. The name is predictable so that it is used again, and the temporary folder is shared:
 * one that belongs to somebody else, or is a link, is passed over for a fresh one.
 */
function privateFolder(files: readonly { bytes: Uint8Array }[]): string {
  const hash = createHash('sha256');
  for (const { bytes } of files) hash.update(bytes);
  const name = `narcidicontrol-onnxruntime-${hash.digest('hex').slice(0, 16)}`;
  const folder = join(tmpdir(), `${name}-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const ours = found.isDirectory() && (process.platform === 'win32' || found.uid === userInfo().uid);
  if (ours) {
    chmodSync(folder, 0o700);
    return folder;
  }
  const fresh = join(tmpdir(), `${name}-${randomBytes(8).toString('hex')}`);
  mkdirSync(fresh, { mode: 0o700 });
  return fresh;
}

/** Writes a file that is missing or cut short; renamed into place, so that two processes cannot see half of one. */
function writeOnce(path: string, bytes: Uint8Array): void {
  if (statSync(path, { throwIfNoEntry: false })?.size === bytes.length) return;
  const part = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(part, bytes, { mode: 0o700 });
  renameSync(part, path);
}
