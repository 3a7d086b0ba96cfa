/** What the page knows of the server, and when it asks again. */

import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './api';

const retriesMax = 3;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // Whether the server is there is found out by asking it, not by what the browser thinks of its network.
      networkMode: 'always',
      // What the server refuses it refuses again; what it did not answer it may.
      retry: (failures, error) =>
        error instanceof ApiError && (error.status === 0 || error.status >= 500) && failures < retriesMax,
    },
  },
});

/** Has everything of some modules asked for again. */
export function refresh(...modulos: string[]): void {
  for (const modulo of modulos) void queryClient.invalidateQueries({ queryKey: [modulo] });
}

/** What the URL or a form holds, for a call whose types are narrower: the server judges it. */
export function loose<T>(values: Record<string, unknown>): T {
  const unchecked: unknown = values;
  return unchecked as T;
}
