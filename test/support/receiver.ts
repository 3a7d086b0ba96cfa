/** A receiver of webhooks on loopback that keeps what it gets and answers as it is told. */

export interface Received {
  path: string;
  headers: Record<string, string>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what the wire says and compare it; a wrong shape fails there.
  body: any;
  at: number;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** Resolves once what has come satisfies the test. @throws Error when it does not in time, 20 seconds. */
  until(test: (received: Received[]) => boolean, timeoutMs?: number): Promise<Received[]>;
  stop(): void;
}

export function startReceiver(
  answer: (received: Received, count: number) => Response | Promise<Response> = () => new Response('ok'),
): Receiver {
  const received: Received[] = [];
  const waiting = new Set<() => void>();
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 60,
    fetch: async (request) => {
      const text = await request.text();
      const one: Received = {
        path: new URL(request.url).pathname,
        headers: Object.fromEntries(request.headers),
        text,
        body: text.startsWith('{') ? JSON.parse(text) : text,
        at: performance.now(),
      };
      received.push(one);
      for (const wake of waiting) wake();
      return answer(one, received.length);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/gancho`,
    received,
    until: (test, timeoutMs = 20_000) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!test(received)) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(received);
        };
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(
            new Error(
              `received ${received.length}: ${JSON.stringify(received.map(({ body }) => body)).slice(0, 2_000)}`,
            ),
          );
        }, timeoutMs);
        waiting.add(look);
        look();
      }),
    stop: () => void server.stop(true),
  };
}
