/**
 * Writes an archive: tar, Zstandard, the seal, and age around it when there is a passphrase. All streamed; the file is on
 * the disk when the promise resolves.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { secondMs } from '../../core/clock';
import { encryptAge } from './age';
import { addSeal } from './archive-seal';
import { type ArchiveMember, type Manifest, manifestName } from './manifest';
import { until } from './streams';

export const chunkBytes = 1024 * 1024;
const compressionLevel = 3;
const memberMode = 0o600;

/** A file that goes into the archive under a name. */
export interface Source {
  nome: string;
  path: string;
  bytes: number;
  modificado_em: number;
}

/** So much is brought to the disk at a time: whoever else waits for it waits no longer than for this. */
const pacedBytes = 128 * 1024;

export interface WrittenArchive {
  bytes: number;
  sha256: string;
  manifest: Manifest;
}

/**
 * @param path must not exist yet.
 * @param manifestOf makes the last member from what was read of the others.
 * @param bytesPerSecond the disk is shared with somebody who waits for it: no faster than this. Null: as fast as it goes.
 */
export async function writeArchive(
  path: string,
  sources: readonly Source[],
  manifestOf: (membros: ArchiveMember[]) => Manifest,
  { passphrase, bytesPerSecond }: { passphrase: string | null; bytesPerSecond: number | null },
): Promise<WrittenArchive> {
  const tar = pack();
  const zstd = createZstdCompress({
    chunkSize: chunkBytes,
    params: { [constants.ZSTD_c_compressionLevel]: compressionLevel, [constants.ZSTD_c_checksumFlag]: 1 },
  });
  const file = await open(path, 'wx', memberMode);
  const hash = createHash('sha256');
  const began = performance.now();
  let bytes = 0;
  try {
    const filled = fill(tar, sources, manifestOf);
    // A member that cannot be read ends the pipeline too.
    filled.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
    await pipeline(chunksOf(tar), zstd, addSeal(), async (sealed: AsyncIterable<Uint8Array>) => {
      for await (const chunk of passphrase === null ? sealed : encryptAge(sealed, passphrase)) {
        hash.update(chunk);
        bytes += chunk.length;
        if (bytesPerSecond === null) await writeAll(file, chunk);
        else await writeGently(file, chunk, () => began + (bytes / bytesPerSecond) * secondMs);
      }
    });
    await file.sync();
    return { bytes, sha256: hash.digest('hex'), manifest: await filled };
  } finally {
    await file.close();
  }
}

async function* chunksOf(tar: Pack): AsyncGenerator<Buffer> {
  for await (const chunk of tar) if (Buffer.isBuffer(chunk)) yield chunk;
}

async function fill(
  tar: Pack,
  sources: readonly Source[],
  manifestOf: (membros: ArchiveMember[]) => Manifest,
): Promise<Manifest> {
  const membros: ArchiveMember[] = [];
  for (const source of sources) membros.push(await addFile(tar, source));
  const manifest = manifestOf(membros);
  tar.entry({ name: manifestName, mode: memberMode }, JSON.stringify(manifest, null, 1));
  tar.finalize();
  return manifest;
}

async function addFile(tar: Pack, { nome, path, bytes, modificado_em }: Source): Promise<ArchiveMember> {
  const hash = createHash('sha256');
  const entry = tar.entry({ name: nome, size: bytes, mode: memberMode, mtime: new Date(modificado_em) });
  // The size is in the header already; what a file grew by since belongs to the next backup.
  const end = Math.max(0, bytes - 1);
  if (bytes > 0) {
    for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes, end })) {
      hash.update(chunk);
      if (!entry.write(chunk)) await until(entry, 'drain');
    }
  }
  const closed = until(entry, 'close');
  entry.end(null);
  await closed;
  return { nome, bytes, sha256: hash.digest('hex'), modificado_em };
}

async function writeGently(file: FileHandle, chunk: Uint8Array, due: () => number): Promise<void> {
  for (let from = 0; from < chunk.length; from += pacedBytes) {
    await writeAll(file, chunk.subarray(from, from + pacedBytes));
    await file.datasync();
  }
  await Bun.sleep(Math.max(0, due() - performance.now()));
}

/** One `write` may take only a part, as just before a disk is full. */
export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.length) offset += (await file.write(chunk, offset)).bytesWritten;
}
