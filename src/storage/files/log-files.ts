/** The log files, read from their end: the newest lines first, without holding a file in memory. */

import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const namePattern = /^narcidi\.(\d{4}-\d{2}-\d{2})\.(\d+)\.log$/;
const chunkBytes = 64 * 1024;
/** A longer line is passed over. */
const lineBytesMax = 1024 * 1024;
const newline = 10;

/** The names, newest first; none where nothing was written yet. */
export async function logFileNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => {
      const [, day, number] = namePattern.exec(name) ?? [];
      return day === undefined ? [] : { name, day, number: Number(number) };
    })
    .sort((a, b) => b.day.localeCompare(a.day) || b.number - a.number)
    .map(({ name }) => name);
}

/**
 * The lines of a file, last one first.
 * @param before only what ends at this byte or sooner; the whole file without it.
 * @returns each with the byte it begins at. Nothing when the file is gone.
 */
export async function* linesBackwards(
  folder: string,
  name: string,
  before: number | null,
): AsyncGenerator<{ text: string; start: number }> {
  const file: FileHandle | null = await open(join(folder, name)).catch(() => null);
  if (!file) return;
  try {
    const size = (await file.stat()).size;
    let at = Math.min(before ?? size, size);
    let rest = Buffer.alloc(0);
    while (at > 0) {
      const length = Math.min(chunkBytes, at);
      at -= length;
      const chunk = Buffer.alloc(length);
      await file.read(chunk, 0, length, at);
      let data = Buffer.concat([chunk, rest]);
      for (let end = data.lastIndexOf(newline); end !== -1; end = data.lastIndexOf(newline)) {
        const line = data.subarray(end + 1);
        if (line.length > 0) yield { text: line.toString(), start: at + end + 1 };
        data = data.subarray(0, end);
      }
      rest = data.length > lineBytesMax ? Buffer.alloc(0) : Buffer.from(data);
    }
    if (rest.length > 0) yield { text: rest.toString(), start: 0 };
  } finally {
    await file.close();
  }
}
