/** Reads an archive from its first byte to its last, and believes nothing of it before the end. */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createZstdDecompress } from 'node:zlib';
import { extract } from 'tar-stream';
import { OperationalError } from '../../core/operational-error';
import { ageIntroduction, decryptAge } from './age';
import { checkSeal } from './archive-seal';
import { chunkBytes } from './archive-write';
import { type ArchiveMember, isMemberName, type Manifest, manifestName, parseManifest } from './manifest';
import { until } from './streams';

const manifestBytesMax = 64 * 1024 * 1024;

type Entry = AsyncIterable<unknown>;
type ReadMember = Omit<ArchiveMember, 'modificado_em'>;

/** Takes one member as it comes by. */
export type MemberSink = (nome: string, chunks: AsyncIterable<Uint8Array>) => Promise<void>;

/**
 * Reads the whole archive.
 * @param sink is given each member but the manifest; what it wrote counts only once this resolves.
 * @throws OperationalError when the file cannot be read, is damaged, or needs another passphrase.
 */
export async function readArchive(path: string, passphrase: string | null, sink: MemberSink): Promise<Manifest> {
  const encrypted = await isEncrypted(path);
  if (encrypted && passphrase === null) {
    throw new OperationalError(`${path} is encrypted: set NARCIDI_BACKUP_PASSPHRASE`);
  }
  const tar = extract();
  const members = readMembers(tar, sink);
  // It is awaited below; a damaged archive ends both.
  members.catch(() => undefined);
  const file: AsyncIterable<Uint8Array> = createReadStream(path, { highWaterMark: chunkBytes });
  try {
    const bytes = encrypted && passphrase !== null ? decryptAge(file, passphrase) : file;
    await pipeline(
      bytes,
      checkSeal(),
      createZstdDecompress({ chunkSize: chunkBytes }),
      async (plain: AsyncIterable<Uint8Array>) => {
        for await (const chunk of plain) if (!tar.write(chunk)) await until(tar, 'drain');
        const finished = until(tar, 'finish');
        tar.end(null);
        await finished;
      },
    );
    return await members;
  } catch (error) {
    tar.destroy();
    if (isOwnFailure(error)) throw error;
    throw new OperationalError(`${path} is damaged: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** A full disk, or whatever else a sink met, says nothing of the archive. */
function isOwnFailure(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && ['ENOSPC', 'EACCES', 'EROFS', 'EDQUOT'].includes(String(error.code))
  );
}

export async function isEncrypted(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new OperationalError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  });
  try {
    const start = Buffer.alloc(ageIntroduction.length);
    await file.read(start, 0, start.length, 0);
    return start.toString('latin1') === ageIntroduction;
  } finally {
    await file.close();
  }
}

async function readMembers(tar: ReturnType<typeof extract>, sink: MemberSink): Promise<Manifest> {
  const read: ReadMember[] = [];
  let manifest: Manifest | null = null;
  for await (const entry of tar) {
    const { name, type } = entry.header;
    if (manifest !== null) throw new OperationalError(`there is something after its manifest: ${name}`);
    if (name === manifestName) manifest = parseManifest((await wholeEntry(entry)).toString('utf8'));
    else if (type !== 'file' || !isMemberName(name)) throw new OperationalError(`${name} does not belong in it`);
    else read.push(await readMember(entry, name, sink));
  }
  if (manifest === null) throw new OperationalError('it has no manifest: it was not written to its end');
  for (const [n, { nome, bytes, sha256 }] of manifest.membros.entries()) {
    const same = read[n]?.nome === nome && read[n].bytes === bytes && read[n].sha256 === sha256;
    if (!same) throw new OperationalError(`${nome} is not what its manifest says`);
  }
  if (read.length !== manifest.membros.length) throw new OperationalError('it has more in it than its manifest says');
  return manifest;
}

async function readMember(entry: Entry, nome: string, sink: MemberSink): Promise<ReadMember> {
  const hash = createHash('sha256');
  let bytes = 0;
  await sink(
    nome,
    (async function* () {
      for await (const chunk of entry) {
        if (!Buffer.isBuffer(chunk)) continue;
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    })(),
  );
  return { nome, bytes, sha256: hash.digest('hex') };
}

async function wholeEntry(entry: Entry): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > manifestBytesMax) throw new OperationalError('its manifest is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
