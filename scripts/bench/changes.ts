/** Requests that change one record each, and cause one event: customers blocked and activated in turn. */

import type { signIn } from './product';

type Admin = Awaited<ReturnType<typeof signIn>>;

/** @returns the ids of so many new customers. */
export async function customers(admin: Admin, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.push((await admin.post<{ id: string }>('/clientes', { nome: `C${n}`, email: `c${n}@exemplo.com.br` })).id);
  }
  return ids;
}

export interface Load {
  /** Requests a second. */
  rate: number;
  /** How long each took, milliseconds. */
  times: number[];
}

interface Wanted {
  inFlight: number;
  seconds: number;
  /** Requests a second at most; as many as there are answers without it. */
  pace?: number;
}

/** Changes customers for so many seconds, so many requests under way at a time. */
export async function change(
  admin: Admin,
  ids: readonly string[],
  { inFlight, seconds, pace = Number.POSITIVE_INFINITY }: Wanted,
): Promise<Load> {
  const from = performance.now();
  const free = [...ids];
  const times: number[] = [];
  let begun = 0;
  const timed = async (path: string, body: object): Promise<void> => {
    const early = from + (begun / pace) * 1000 - performance.now();
    begun += 1;
    if (early > 1) await Bun.sleep(early);
    const start = performance.now();
    await admin.post(path, body);
    times.push(performance.now() - start);
  };
  const lane = async (): Promise<void> => {
    while (performance.now() - from < seconds * 1000) {
      const id = free.shift() ?? '';
      await timed(`/clientes/${id}/bloquear`, { motivo: 'x' });
      await timed(`/clientes/${id}/ativar`, {});
      free.push(id);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { rate: times.length / ((performance.now() - from) / 1000), times };
}
