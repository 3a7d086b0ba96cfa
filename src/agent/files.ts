/** Files that survive a crash: written beside, fsynced and renamed, so that there is the old one or the new one, whole. */

import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

export const ownerOnlyMode = 0o600;

/** Writes a whole file. @param mode its permissions, whatever the umask. */
export function writeDurably(path: string, content: string | Uint8Array, mode = ownerOnlyMode): void {
  const part = `${path}.part`;
  const file = openSync(part, 'w', mode);
  try {
    chmodSync(part, mode);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
  syncFolder(dirname(path));
}

/** Makes the names in a folder durable; Windows has no such call and needs none. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Reads a JSON file of ours. @returns null when it is missing or not as the schema says. */
export function readJsonFile<T extends TSchema>(path: string, schema: T): Static<T> | null {
  return existsSync(path) ? parseJson(readFileSync(path, 'utf8'), schema) : null;
}

/** Reads JSON that others wrote. @returns null when it is none or not as the schema says. */
export function parseJson<T extends TSchema>(text: string, schema: T): Static<T> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return Value.Check(schema, parsed) ? parsed : null;
  } catch {
    return null;
  }
}
