/** The JSON log of a child process, line by line. */

import { linesOf } from './lines';

export interface LogLines {
  /** Every log line so far. */
  lines: Record<string, unknown>[];
  /** Waits for a log line. @throws Error when the process ends without it. */
  line(test: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
}

interface Child {
  stdout: ReadableStream<Uint8Array<ArrayBuffer>>;
  stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
}

export function logLines(child: Child): LogLines {
  const lines: Record<string, unknown>[] = [];
  const waiting = new Set<() => void>();
  let ended = false;
  void (async () => {
    for await (const text of linesOf(child.stdout)) {
      lines.push(JSON.parse(text) as Record<string, unknown>);
      for (const wake of waiting) wake();
    }
    ended = true;
    for (const wake of waiting) wake();
  })();
  return {
    lines,
    line: (test) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = lines.find(test);
          if (!found && !ended) return;
          waiting.delete(look);
          if (found) resolve(found);
          else new Response(child.stderr).text().then((stderr) => reject(new Error(`it ended: ${stderr}`)), reject);
        };
        waiting.add(look);
        look();
      }),
  };
}
