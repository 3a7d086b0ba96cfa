/** The state of a page that its address holds, so that it can be sent to somebody. */

import { useNavigate, useSearch } from '@tanstack/react-router';

export type Params = Readonly<Record<string, string>>;

/** Keeps the texts of an address, whatever else somebody wrote into it. */
export function readParams(search: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search)
      .filter(([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
      .map(([name, value]) => [name, String(value)]),
  );
}

/** The parameters of this address, and how to change some: an empty text removes one. */
export function useParamsOfUrl(): [Params, (changes: Params) => void] {
  const found: unknown = useSearch({ strict: false });
  const params = readParams({ ...(typeof found === 'object' ? found : {}) });
  const navigate = useNavigate();
  function change(changes: Params): void {
    const next = Object.fromEntries(Object.entries({ ...params, ...changes }).filter(([, value]) => value !== ''));
    void navigate({ to: '.', search: next, replace: true, resetScroll: false });
  }
  return [params, change];
}
