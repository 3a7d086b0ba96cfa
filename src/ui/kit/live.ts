/**
 * Events as they happen. One WebSocket for the whole page; it comes back by itself and takes up where it was, and what it
 * brings is handed on once a frame, however much that is.
 */

import { useEffect, useSyncExternalStore } from 'react';
import { onReturn } from './connection';
import { refresh } from './query';
import { accessToken } from './session';

export interface LiveEvent {
  id: string;
  tipo: string;
  em: string;
  dados: Record<string, unknown>;
  request_id: string | null;
}

const keptMax = 100;
const againMs = 2_000;
const refreshEveryMs = 1_500;

/** What an event's family makes old. */
const families: Readonly<Record<string, readonly string[]>> = {
  cliente: ['clientes', 'painel'],
  licenca: ['licencas', 'painel'],
  maquina: ['maquinas', 'painel'],
  versao: ['versoes'],
  fatura: ['faturas', 'painel'],
  churn: ['ml', 'painel'],
  backup: ['backups'],
  relatorio: ['relatorios'],
  seguranca: ['ml', 'alertas'],
};

let socket: WebSocket | null = null;
let lastId: string | null = null;
let kept: readonly LiveEvent[] = [];
let arrived: LiveEvent[] = [];
let frame = 0;
let users = 0;
const outdated = new Set<string>();
let refreshing: ReturnType<typeof setTimeout> | null = null;
const listeners = new Set<() => void>();

function deliver(): void {
  frame = 0;
  kept = [...arrived.reverse(), ...kept].slice(0, keptMax);
  arrived = [];
  for (const listener of listeners) listener();
}

function take(event: LiveEvent): void {
  lastId = event.id;
  arrived.push(event);
  if (arrived.length > keptMax) arrived.shift();
  if (frame === 0) frame = requestAnimationFrame(deliver);
  for (const modulo of families[event.tipo.split('.')[0] ?? ''] ?? []) outdated.add(modulo);
  outdated.add('alertas');
  if (refreshing !== null) return;
  refreshing = setTimeout(() => {
    refreshing = null;
    const modulos = [...outdated];
    outdated.clear();
    // A page that nobody looks at asks when it is looked at again.
    if (!document.hidden) refresh(...modulos);
  }, refreshEveryMs);
}

async function connect(): Promise<void> {
  const token = await accessToken().catch(() => null);
  if (users === 0 || socket) return;
  if (token === null) {
    setTimeout(() => void connect(), againMs);
    return;
  }
  const url = new URL('/api/v1/eventos/ws', window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const opened = new WebSocket(url, ['bearer', token]);
  socket = opened;
  opened.onopen = () => opened.send(JSON.stringify({ assinar: ['*'], ...(lastId ? { ultimo_id: lastId } : {}) }));
  opened.onmessage = ({ data }) => {
    const message: unknown = JSON.parse(String(data));
    if (isEvent(message)) take(message);
    else if (typeof message === 'object' && message !== null && 'lacuna' in message) refresh('maquinas', 'painel');
  };
  opened.onclose = () => {
    if (socket === opened) socket = null;
    if (users > 0) setTimeout(() => void connect(), againMs);
  };
}

function isEvent(message: unknown): message is LiveEvent {
  return typeof message === 'object' && message !== null && 'tipo' in message && 'id' in message;
}

/** Listens as long as the component is there. */
export function useLiveConnection(allowed: boolean): void {
  useEffect(() => {
    if (!allowed) return;
    users += 1;
    void connect();
    const stop = onReturn(() => void connect());
    return () => {
      stop();
      users -= 1;
      if (users === 0) socket?.close();
    };
  }, [allowed]);
}

/** The newest events, newest first. */
export function useLiveEvents(): readonly LiveEvent[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => kept,
  );
}
