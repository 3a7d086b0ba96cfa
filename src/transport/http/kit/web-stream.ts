/** The two kinds of streams that an answer's body may be, which their types tell apart and Bun does not. */

import { Readable } from 'node:stream';

/** What is read as fast as the caller takes it. */
export function webStream(readable: Readable): ReadableStream {
  const stream: unknown = Readable.toWeb(readable);
  return stream as ReadableStream;
}

/** A request's body as it comes in, to be read by Node's streams. */
export function nodeStream(body: unknown): Readable {
  return Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0]);
}
