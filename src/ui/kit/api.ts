/** The server's API, typed by its own routes. */

import { treaty } from '@elysiajs/eden';
import type { AccessApi, CommerceApi, MachinesApi, OperationApi } from '../../compose/api';
import { reportReachable } from './connection';
import { accessToken, dropToken } from './session';

type V1<App extends { api: { v1: unknown } }> = App['api']['v1'];
type Client = V1<ReturnType<typeof treaty<AccessApi>>> &
  V1<ReturnType<typeof treaty<CommerceApi>>> &
  V1<ReturnType<typeof treaty<MachinesApi>>> &
  V1<ReturnType<typeof treaty<OperationApi>>>;

export interface FieldError {
  campo: string;
  mensagem: string;
}

/** Why the server refused, or that it could not be reached (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly codigo: string,
    message: string,
    readonly requestId: string | null,
    readonly erros: readonly FieldError[] = [],
  ) {
    super(message);
  }
}

/** `fetch` with the token of the session; a call that finds it ended waits for the next log-in and is made again. */
export async function authorizedFetch(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  while (true) {
    const token = await accessToken();
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    const response = await fetch(input, { ...init, headers }).catch((error: unknown) => {
      reportReachable(false);
      throw error;
    });
    reportReachable(true);
    if (response.status !== 401) return response;
    dropToken(token);
  }
}

/** Runs `authorizedFetch` and throws what the server refused. @throws ApiError */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const response = await authorizedFetch(path, init).catch(() => null);
  if (response?.ok) return response;
  throw errorOf(response, response ? await response.json().catch(() => null) : null);
}

const client: unknown = treaty(window.location.origin, {
  fetcher: authorizedFetch as typeof fetch,
  parseDate: false,
});
export const api = (client as { api: { v1: Client } }).api.v1;

interface Answer {
  data: unknown;
  error: { value: unknown } | null;
  response: Response;
}

/** The data of an answer. @throws ApiError */
export async function call<A extends Answer>(answer: Promise<A>): Promise<NonNullable<A['data']>> {
  return (await callWithEtag(answer)).data;
}

/** The data of an answer, with the revision it was read at. @throws ApiError */
export async function callWithEtag<A extends Answer>(
  answer: Promise<A>,
): Promise<{ data: NonNullable<A['data']>; etag: string | null }> {
  const { data, error, response } = await answer;
  if (error) throw errorOf(response ?? null, error.value);
  return { data: data as NonNullable<A['data']>, etag: response.headers.get('etag') };
}

function errorOf(response: Response | null, body: unknown): ApiError {
  if (!response) return new ApiError(0, 'SEM_CONEXAO', 'O servidor não respondeu.', null);
  const problem = (typeof body === 'object' && body !== null ? body : {}) as {
    codigo?: string;
    detail?: string;
    title?: string;
    erros?: FieldError[];
  };
  const text = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
  const id = response.headers.get('x-request-id');
  return new ApiError(response.status, problem.codigo ?? `HTTP_${response.status}`, text, id, problem.erros);
}

/** Saves what a route answers as a file, under the name the server gives it. @throws ApiError */
export async function download(path: string, fallbackName: string): Promise<void> {
  const response = await request(path);
  const named = /filename="?([^";]+)"?/.exec(response.headers.get('content-disposition') ?? '')?.[1];
  saveFile(await response.blob(), named ?? fallbackName);
}

export function saveFile(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
