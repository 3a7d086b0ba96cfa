/**
 * Files named by their SHA-256, each content kept once: `<folder>/ab/abcdef…`. A file is written beside, flushed to the
 * disk and renamed, so that under its name there is either nothing or the whole of it.
 */

import { edenGC, fullGC } from 'bun:jsc';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '../../core/problem';

const incomingFolder = 'recebendo';
const hashPattern = /^[0-9a-f]{64}$/;
const shardCharacters = 2;
/**
 * How much may arrive before the spent chunks are collected: the young ones, which takes a millisecond, and those that have
 * grown old meanwhile, which takes twenty. Left to itself the collector waits until as much again as the whole heap has
 * piled up, and every byte of an upload is a chunk that was spent.
 */
const collectYoungBytes = 8 * 1024 ** 2;
const collectAllBytes = 256 * 1024 ** 2;
/** What the operating system says when there is no room: full disk, quota, limit on a file's size. */
const fullCodes = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/** A content that has arrived whole and flushed, but has no name yet. */
export interface ReceivedFile {
  sha256: string;
  sha512: string;
  bytes: number;
  /** Gives it its name; after this it survives a crash. Any number of equal contents become one. */
  keep(): Promise<void>;
  /** Removes it, unless it was kept. */
  discard(): Promise<void>;
}

export interface ContentStore {
  /**
   * Writes a stream to the disk as fast as the disk takes it, hashing on the way.
   * @param bytesMax one byte more is refused.
   * @throws Problem CORPO_GRANDE_DEMAIS, ARMAZENAMENTO_CHEIO; nothing is left behind then, nor when the stream fails.
   */
  receive(
    chunks: AsyncIterable<Uint8Array>,
    bytesMax: number,
    onProgress?: (bytes: number) => void,
  ): Promise<ReceivedFile>;
  /** Where a content is, whether or not it is there. */
  pathOf(sha256: string): string;
  /** How long a content on the disk is; null when it is not there. */
  sizeOf(sha256: string): Promise<number | null>;
  remove(sha256: string): Promise<void>;
  /** The names of all contents. */
  list(): AsyncGenerator<string>;
}

/** Opens the folder, making it where it is missing. What an interrupted upload left behind is removed. */
export function openContentStore(folder: string): ContentStore {
  const incoming = join(folder, incomingFolder);
  mkdirSync(incoming, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(incoming)) rmSync(join(incoming, name), { force: true });
  const pathOf = (sha256: string): string => contentPath(folder, sha256);

  return {
    pathOf,
    async receive(chunks, bytesMax, onProgress) {
      const part = join(incoming, `${randomUUID()}.part`);
      const discard = (): Promise<void> => rm(part, { force: true });
      try {
        const written = await write(part, chunks, bytesMax, onProgress);
        const path = pathOf(written.sha256);
        return { ...written, discard, keep: () => renameDurably(part, path) };
      } catch (error) {
        await discard();
        throw asProblem(error);
      }
    },
    sizeOf: async (sha256) => (await stat(pathOf(sha256)).catch(() => null))?.size ?? null,
    remove: (sha256) => rm(pathOf(sha256), { force: true }),
    list: () => listContents(folder),
  };
}

/** Where a content is below a store's folder. */
export function contentPath(folder: string, sha256: string): string {
  if (!hashPattern.test(sha256)) throw new Error('not a SHA-256');
  return join(folder, sha256.slice(0, shardCharacters), sha256);
}

/** The names of all contents below a store's folder; empty when there is none. */
export async function* listContents(folder: string): AsyncGenerator<string> {
  for (const shard of await readdir(folder).catch(() => [])) {
    if (shard.length !== shardCharacters) continue;
    for (const name of await readdir(join(folder, shard))) if (hashPattern.test(name)) yield name;
  }
}

/** The SHA-256 of a file, read as a stream. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function write(
  part: string,
  chunks: AsyncIterable<Uint8Array>,
  bytesMax: number,
  onProgress: ((bytes: number) => void) | undefined,
): Promise<{ sha256: string; sha512: string; bytes: number }> {
  const sha256 = createHash('sha256');
  const sha512 = createHash('sha512');
  let bytes = 0;
  const file = await open(part, 'wx', 0o600);
  try {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      if (bytes > bytesMax) {
        throw new Problem('CORPO_GRANDE_DEMAIS', { detalhe: `O arquivo pode ter até ${bytesMax} bytes.` });
      }
      sha256.update(chunk);
      sha512.update(chunk);
      await writeAll(file, chunk);
      onProgress?.(bytes);
      collect(bytes, chunk.length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { sha256: sha256.digest('hex'), sha512: sha512.digest('base64'), bytes };
}

/** Collects whenever another stretch of an upload is complete. @param last how many of the bytes came last. */
function collect(bytes: number, last: number): void {
  const passed = (stretch: number): boolean => Math.floor(bytes / stretch) > Math.floor((bytes - last) / stretch);
  if (passed(collectAllBytes)) fullGC();
  else if (passed(collectYoungBytes)) edenGC();
}

/** One `write` may take only a part, as just before a disk is full. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.length) offset += (await file.write(chunk, offset)).bytesWritten;
}

/** Renames and flushes the folder too: only then is the name itself on the disk. */
async function renameDurably(from: string, to: string): Promise<void> {
  const folder = dirname(to);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(from, to);
    await syncFolder(folder);
    await syncFolder(dirname(folder));
  } catch (error) {
    await unlink(from).catch(() => undefined);
    throw asProblem(error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows keeps its folders by itself, and cannot open them as files.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function asProblem(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!fullCodes.has(code)) return error;
  return new Problem('ARMAZENAMENTO_CHEIO', { detalhe: 'O disco do servidor encheu; nada foi guardado.' });
}
