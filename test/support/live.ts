/** Clients of the live feed. */

import type { Answer } from './app';

export interface LiveClient {
  /** The JSON of every message or `data:` so far. */
  messages: Answer['body'][];
  /** Ids of the events, in order. */
  ids(): string[];
  until(test: (messages: Answer['body'][]) => boolean): Promise<Answer['body'][]>;
  /** Resolves when the other side has ended it. */
  ended: Promise<{ code: number; reason: string }>;
  close(): void;
}

function collector() {
  const messages: Answer['body'][] = [];
  const waiting = new Set<() => void>();
  const until: LiveClient['until'] = (test) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!test(messages)) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(messages);
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`heard: ${JSON.stringify(messages).slice(0, 2_000)}`));
      }, 20_000);
      waiting.add(look);
      look();
    });
  return {
    messages,
    until,
    add: (message: Answer['body']): void => {
      messages.push(message);
      for (const wake of waiting) wake();
    },
    ids: () => messages.map(({ id }) => id).filter((id) => id !== undefined),
  };
}

export async function listenSse(
  url: string,
  token: string,
  options: { tipos?: string; lastId?: string } = {},
): Promise<LiveClient> {
  const { messages, until, add, ids } = collector();
  const abort = new AbortController();
  const query = options.tipos ? `?tipos=${options.tipos}` : '';
  const response = await fetch(`${url}/api/v1/eventos/stream${query}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(options.lastId === undefined ? {} : { 'last-event-id': options.lastId }),
    },
    signal: abort.signal,
  });
  if (response.status !== 200 || !response.body) throw new Error(`${response.status}: ${await response.text()}`);
  const body = response.body;
  const ended = (async () => {
    let rest = '';
    let last = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) {
        const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
        rest = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = /^data: (.*)$/m.exec(block)?.[1];
          if (data === undefined) continue;
          last = /^event: (.*)$/m.exec(block)?.[1] ?? '';
          add(JSON.parse(data));
        }
      }
    } catch (error) {
      if (!abort.signal.aborted) last = String(error);
    }
    return { code: 0, reason: last };
  })();
  return { messages, until, ids, ended, close: () => abort.abort() };
}

export async function listenWs(
  url: string,
  token: string,
  subscription?: object,
): Promise<LiveClient & { send(text: string): void }> {
  const { messages, until, add, ids } = collector();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/v1/eventos/ws`, ['bearer', token]);
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener('close', ({ code, reason }) => resolve({ code, reason }));
  });
  socket.addEventListener('message', ({ data }) => add(JSON.parse(String(data))));
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve());
    socket.addEventListener('error', () => reject(new Error('the WebSocket was refused')));
  });
  if (subscription) socket.send(JSON.stringify(subscription));
  return { messages, until, ids, ended, close: () => socket.close(), send: (text) => socket.send(text) };
}
