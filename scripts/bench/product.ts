/** The executable under measurement, on the seeded data folder, and what is measured of it without load. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, lineWhere, residentMb, start, stop } from './processes';
import { limitRow, median, type Row } from './table';

const starts = 5;
const readyMsLimit = 300;
const idleSeconds = 5;
const idleMbLimit = 120;
export const admin = { email: 'bench@exemplo.com.br', password: 'bench-bench-bench' };

export interface Product {
  child: Child;
  url: string;
  mqttPort: string;
  /** From just before the process was made to its line "ready". */
  readyMs: number;
}

export interface Places {
  executable: string;
  scratch: string;
  data: string;
}

/** Starts the server from an empty directory, under another command where one is given. */
export async function serve(
  { executable, scratch, data }: Places,
  extra: Record<string, string> = {},
  under: readonly string[] = [],
): Promise<Product> {
  const empty = join(scratch, 'empty');
  mkdirSync(empty, { recursive: true });
  const env = {
    NARCIDI_RATE_LIMIT: 'off',
    NARCIDI_ADMIN_EMAIL: admin.email,
    NARCIDI_ADMIN_PASSWORD: admin.password,
    ...extra,
  };
  const startedAt = performance.now();
  const child = start([...under, executable, 'serve', '--data', data, '--port', '0', '--mqtt-port', '0'], env, empty);
  const line = await lineWhere(child, (text) => text.includes('"msg":"ready"'));
  const readyMs = performance.now() - startedAt;
  const { url, mqtt } = JSON.parse(line) as { url: string; mqtt: string };
  return { child, url, mqttPort: new URL(mqtt).port, readyMs };
}

/** Start and memory, before any load. */
export async function startAndMemory(places: Places, licencas: string): Promise<Row[]> {
  // The first start makes the administrator and unpacks libraries; what is measured is every one after it.
  await stop((await serve(places)).child);
  const times: number[] = [];
  for (let n = 0; n < starts; n += 1) {
    const { child, readyMs } = await serve(places);
    times.push(readyMs);
    await stop(child);
  }
  const { child } = await serve(places);
  await Bun.sleep(idleSeconds * 1_000);
  const resident = residentMb(child.pid);
  await stop(child);
  return [
    limitRow(`cold start to ready, ${licencas} licences`, median(times), 'ms', readyMsLimit),
    limitRow(`idle memory (VmRSS ${idleSeconds} s after ready)`, resident, 'MB', idleMbLimit),
  ];
}

/** A token of the administrator. */
export async function tokenOf(url: string): Promise<string> {
  const form = new URLSearchParams({ grant_type: 'password', username: admin.email, password: admin.password });
  const signedIn = await fetched(`${url}/api/v1/auth/token`, { method: 'POST', body: form });
  return ((await signedIn.json()) as { access_token: string }).access_token;
}

/** Calls the API as the administrator. */
export async function signIn(url: string) {
  const headers = { authorization: `Bearer ${await tokenOf(url)}`, 'content-type': 'application/json' };
  return {
    post: async <T>(path: string, body: object): Promise<T> => {
      const response = await fetched(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await response.json()) as T;
    },
    text: async (path: string): Promise<string> => (await fetched(`${url}/api/v1${path}`, { headers })).text(),
  };
}

async function fetched(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return response;
}
