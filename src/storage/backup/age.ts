/** Encryption by passphrase in the age format (age-encryption.org/v1, scrypt), streamed; `age -d` opens it too. */

import { Decrypter, Encrypter } from 'age-encryption';
import { OperationalError } from '../../core/operational-error';

/** scrypt with 2^16 and r = 8 takes 64 MiB and a fifth of a second. */
const scryptWorkFactor = 16;
export const ageIntroduction = 'age-encryption.org/v1';

export async function* encryptAge(chunks: AsyncIterable<Uint8Array>, passphrase: string): AsyncGenerator<Uint8Array> {
  const encrypter = new Encrypter();
  encrypter.setPassphrase(passphrase);
  encrypter.setScryptWorkFactor(scryptWorkFactor);
  yield* bytesOf(await encrypter.encrypt(webStream(chunks)));
}

/** @throws OperationalError for a wrong passphrase, or a damaged file: the two cannot be told apart. */
export async function* decryptAge(chunks: AsyncIterable<Uint8Array>, passphrase: string): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  const opened = await decrypter.decrypt(webStream(chunks)).catch((error: unknown) => {
    throw new OperationalError('the passphrase is not the one it was made with, or it is damaged', { cause: error });
  });
  yield* bytesOf(opened);
}

function webStream(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => {
      await iterator.return?.();
    },
  });
}

async function* bytesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
