/**
 * Who is logged in. The session is in a cookie that no script reads; the access token it gives lives in memory only. When the
 * session ends, whoever needs a token waits until somebody has logged in again, so that no form loses what was typed.
 */

import { useSyncExternalStore } from 'react';

export interface Usuario {
  id: string;
  nome: string;
  email: string;
  perfil: { id: string; nome: string };
  permissoes: string[];
}

/** `abrindo` until it is known; `expirada` keeps the page as it is below the log-in dialog. */
export type Estado =
  | { tipo: 'abrindo' | 'fora' }
  | { tipo: 'dentro'; usuario: Usuario }
  | { tipo: 'expirada'; usuario: Usuario };

export interface LoginError {
  /** Whether a second factor is asked for, or was wrong. */
  otp: boolean;
  /** OAuth 2's word for it (RFC 6749, 5.2), or the problem's code. */
  codigo: string;
  detalhe: string;
}

const path = '/api/v1/auth/navegador';
/** That there may be a cookie, so that strangers cause no refused call. */
const hintKey = 'narcidi-sessao';
/** A token is renewed so long before it ends, for calls that are under way. */
const marginMs = 30_000;

let estado: Estado = { tipo: 'abrindo' };
let token: { value: string; until: number } | null = null;
let renewing: Promise<boolean> | null = null;
let waiting: (() => void)[] = [];
const listeners = new Set<() => void>();

function become(next: Estado): void {
  estado = next;
  for (const listener of listeners) listener();
}

export function useSession(): Estado {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => estado,
  );
}

interface TokenAnswer {
  access_token: string;
  expires_in: number;
}

interface Refusal {
  codigo?: string;
  detail?: string;
  error?: string;
  error_description?: string;
  otp_necessario?: boolean;
}

function keep({ access_token, expires_in }: TokenAnswer): void {
  token = { value: access_token, until: performance.now() + expires_in * 1000 - marginMs };
}

/** @returns whether the cookie still stood for a session. @throws TypeError when the server cannot be reached */
async function renew(): Promise<boolean> {
  const response = await fetch(`${path}/renovar`, { method: 'POST' });
  if (response.status === 401) return false;
  if (!response.ok) throw new TypeError(`renewing answered ${response.status}`);
  keep((await response.json()) as TokenAnswer);
  return true;
}

async function whoAmI(): Promise<Usuario> {
  const headers = { authorization: `Bearer ${token?.value}` };
  const response = await fetch('/api/v1/auth/me', { headers });
  if (!response.ok) throw new TypeError(`who am I answered ${response.status}`);
  return (await response.json()) as Usuario;
}

/** Begins anew, with nothing of whoever was here: no call that waits, nothing that was read. */
function beginAnew(): void {
  waiting = [];
  window.location.assign('/');
}

/** Takes up the session that a cookie may still stand for. */
export async function openSession(): Promise<void> {
  try {
    if (localStorage.getItem(hintKey) !== null && (await renew())) {
      return become({ tipo: 'dentro', usuario: await whoAmI() });
    }
    localStorage.removeItem(hintKey);
    become({ tipo: 'fora' });
  } catch {
    // The server is away: asked again until it answers.
    setTimeout(() => void openSession(), 3_000);
  }
}

/** @returns null when logged in, otherwise what was refused. @throws TypeError when the server cannot be reached */
export async function login(email: string, senha: string, otp: string): Promise<LoginError | null> {
  const response = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, senha, ...(otp ? { otp } : {}) }),
  });
  const answer = (await response.json()) as TokenAnswer & Refusal;
  if (!response.ok) {
    const { codigo, error, detail, error_description, otp_necessario = false } = answer;
    return { otp: otp_necessario, codigo: error ?? codigo ?? '', detalhe: detail ?? error_description ?? '' };
  }
  keep(answer);
  localStorage.setItem(hintKey, '1');
  const usuario = await whoAmI();
  // What one person was sending must not go out in the name of another.
  if (estado.tipo === 'expirada' && estado.usuario.id !== usuario.id) {
    beginAnew();
    return null;
  }
  become({ tipo: 'dentro', usuario });
  const released = waiting;
  waiting = [];
  for (const release of released) release();
  return null;
}

export async function logout(): Promise<void> {
  await fetch(path, { method: 'DELETE' }).catch(() => undefined);
  token = null;
  localStorage.removeItem(hintKey);
  beginAnew();
}

/** A token that still holds, waiting for a new log-in when the session has ended. */
export async function accessToken(): Promise<string> {
  while (!token || performance.now() >= token.until) {
    renewing ??= renew().finally(() => {
      renewing = null;
    });
    if (await renewing) continue;
    if (estado.tipo === 'dentro') become({ tipo: 'expirada', usuario: estado.usuario });
    await new Promise<void>((resolve) => waiting.push(resolve));
  }
  return token.value;
}

/** Has the next call ask for a new token: the server took the present one no more. */
export function dropToken(value: string): void {
  if (token?.value === value) token = null;
}

/** Whether someone holds a permission, `modulo:acao`, as the server judges it. */
export function allows(permissoes: readonly string[], permissao: string): boolean {
  const [modulo = '', acao = ''] = permissao.split(':');
  return permissoes.some((held) => {
    const [heldModulo, heldAcao] = held.split(':');
    return (heldModulo === '*' || heldModulo === modulo) && (heldAcao === '*' || heldAcao === acao);
  });
}

/** What the one logged in may do. */
export function useCan(): (permissao: string) => boolean {
  const session = useSession();
  const held = 'usuario' in session ? session.usuario.permissoes : [];
  return (permissao) => allows(held, permissao);
}
