/** A moment as `há 3 min`, exact on hover; all on the page move on together. */

import { Text, Tooltip } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { dateTime, relative } from './format';

const tickMs = 15_000;
let now = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

export function useNow(): number {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const each of listeners) each();
      }, tickMs);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || !timer) return;
        clearInterval(timer);
        timer = null;
      };
    },
    () => now,
  );
}

export function When({ at, empty = '—' }: { at: string | number | null; empty?: string }) {
  const current = useNow();
  if (at === null) return <>{empty}</>;
  return (
    <Tooltip label={dateTime(at)} events={{ hover: true, focus: true, touch: true }}>
      <Text component="time" inherit dateTime={new Date(at).toISOString()}>
        {relative(at, Math.max(current, new Date(at).getTime() > current ? current : Date.now()))}
      </Text>
    </Tooltip>
  );
}
