/**
 * The end of an archive: a skippable frame of Zstandard (RFC 8878, 3.1.2) with the SHA-256 of everything before it, so
 * that no flipped bit goes unseen, while `zstd -d` and `tar` read the file as any other.
 */

import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { OperationalError } from '../../core/operational-error';

const skippableMagic = 0x184d2a5e;
const digestBytes = 32;
const headerBytes = 8;
const sealBytes = headerBytes + digestBytes;

function sealOf(digest: Buffer): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32LE(skippableMagic, 0);
  header.writeUInt32LE(digestBytes, 4);
  return Buffer.concat([header, digest]);
}

/** Passes bytes through, and the seal after them. */
export function addSeal(): Transform {
  const hash = createHash('sha256');
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      done(null, sealOf(hash.digest()));
    },
  });
}

/** Passes the bytes before the seal through, and fails at the end when it does not fit them. */
export function checkSeal(): Transform {
  const hash = createHash('sha256');
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const passed = bytes.subarray(0, Math.max(0, bytes.length - sealBytes));
      held = Buffer.from(bytes.subarray(passed.length));
      hash.update(passed);
      done(null, passed);
    },
    flush(done) {
      if (held.equals(sealOf(hash.digest()))) done();
      else done(new OperationalError('its bytes are not those that were written, or some are missing'));
    },
  });
}
