/** Whether the server can be reached, found out by the calls that are made anyway, and asked for while it cannot. */

import { useSyncExternalStore } from 'react';

const askEveryMs = 3_000;
let reachable = true;
const listeners = new Set<() => void>();
const returned = new Set<() => void>();

/** To be told of how each call went. */
export function reportReachable(now: boolean): void {
  if (now === reachable) return;
  reachable = now;
  for (const listener of listeners) listener();
  if (now) for (const listener of returned) listener();
  else ask();
}

function ask(): void {
  setTimeout(() => {
    if (reachable) return;
    fetch('/livez').then(
      () => reportReachable(true),
      () => ask(),
    );
  }, askEveryMs);
}

/** Runs when the server is back. @returns to stop */
export function onReturn(listener: () => void): () => void {
  returned.add(listener);
  return () => returned.delete(listener);
}

export function useReachable(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => reachable,
  );
}
