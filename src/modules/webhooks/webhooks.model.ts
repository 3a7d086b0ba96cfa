/** A webhook: where which events go, and the rules of delivering them. */

import { dayMs, secondMs } from '../../core/clock';
import type { CommittedEvent } from '../../core/events';
import { type FieldError, Problem } from '../../core/problem';
import { templateCharactersMax } from '../../core/template';
import { patternsFault, typesOf } from '../eventos/eventos.model';

export interface Webhook {
  id: string;
  url: string;
  /** Patterns: `licenca.criada`, `licenca.*`, `*`. */
  eventos: string[];
  /** Only events of these customers; all when empty. */
  cliente_ids: string[];
  cabecalhos: Record<string, string>;
  /** A Liquid template that yields the JSON body; null sends the envelope. */
  modelo: string | null;
  segredo: string;
  /** The secret before this one signs too, until `segredo_anterior_ate`. */
  segredo_anterior: string | null;
  segredo_anterior_ate: number | null;
  ativo: boolean;
  motivo_desativacao: string | null;
  /** When the first failure after the last success was. */
  falhando_desde: number | null;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export type WebhookFields = Pick<Webhook, 'url' | 'eventos' | 'cliente_ids' | 'cabecalhos' | 'modelo' | 'ativo'>;

export const webhooksMax = 100;
const headersMax = 20;
const headerValueCharactersMax = 1_024;
const clientesMax = 200;
const mask = '********';
/** All deliveries failing for so long disables a webhook. */
export const failingMs = 5 * dayMs;

const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/;
const printable = /^[\x20-\x7e]*$/;
/** What belongs to the connection, to HTTP or to the signature. */
const reservedHeader =
  /^(host|content-(length|type|encoding)|transfer-encoding|connection|upgrade|expect|te|trailer|keep-alive|webhook-.*)$/i;
const secretHeader = /auth|token|secret|segredo|senha|password|cookie|key|chave|signature/i;

/** @throws Problem VALIDACAO naming every field at fault. The address is judged elsewhere, for that takes the DNS. */
export function checkWebhook(fields: WebhookFields): void {
  const erros: FieldError[] = [];
  const fault = patternsFault(fields.eventos);
  if (fault) erros.push({ campo: 'eventos', mensagem: fault });
  const headers = Object.entries(fields.cabecalhos);
  if (headers.length > headersMax) erros.push({ campo: 'cabecalhos', mensagem: `são no máximo ${headersMax}` });
  for (const [name, value] of headers) {
    if (!tokenPattern.test(name) || reservedHeader.test(name)) {
      erros.push({ campo: 'cabecalhos', mensagem: `"${name.slice(0, 64)}" não pode ser um cabeçalho seu` });
    } else if (!printable.test(value) || value.length > headerValueCharactersMax) {
      erros.push({ campo: `cabecalhos.${name}`, mensagem: 'deve ser texto ASCII de até 1024 caracteres' });
    }
  }
  if (fields.cliente_ids.length > clientesMax) {
    erros.push({ campo: 'cliente_ids', mensagem: `são no máximo ${clientesMax}` });
  }
  if ((fields.modelo ?? '').length > templateCharactersMax) {
    erros.push({ campo: 'modelo', mensagem: `passa de ${templateCharactersMax} caracteres` });
  }
  const [first] = erros;
  if (first) throw new Problem('VALIDACAO', { detalhe: `${first.campo}: ${first.mensagem}`, erros });
}

/** Headers for showing: those that look like credentials are masked. */
export function maskHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeader.test(name) ? mask : value]),
  );
}

/** What is written over old headers; a masked value, as it was shown, keeps the old one. */
export function mergeHeaders(
  before: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value === mask ? (before[name] ?? value) : value]),
  );
}

/** An address for the log: the values of its query may be credentials. */
export function maskUrl(url: string): string {
  return url.replace(/=[^&#]*/g, '=…');
}

/** Decides for one webhook, prepared once, which events it wants. */
export function selectorOf({
  eventos,
  cliente_ids,
}: Pick<Webhook, 'eventos' | 'cliente_ids'>): (
  event: Pick<CommittedEvent, 'tipo' | 'entidade' | 'entidadeId' | 'dados'>,
) => boolean {
  const tipos = typesOf(eventos);
  const clientes = new Set(cliente_ids);
  return ({ tipo, entidade, entidadeId, dados }) => {
    if (!tipos.has(tipo)) return false;
    if (clientes.size > 0) {
      const cliente = entidade === 'cliente' ? entidadeId : dados.cliente_id;
      if (typeof cliente !== 'string' || !clientes.has(cliente)) return false;
    }
    // An alert goes to webhooks only where its rule says so.
    return !tipo.startsWith('alerta.') || (Array.isArray(dados.canais) && dados.canais.includes('webhook'));
  };
}

export const entregaStatus = ['pendente', 'entregue', 'morta'] as const;
export type EntregaStatus = (typeof entregaStatus)[number];

/** What came of one attempt. */
export interface Tentativa {
  /** The HTTP status, or null when there was no answer. */
  status: number | null;
  erro: string | null;
  resposta: string | null;
  /** From `Retry-After`, milliseconds. */
  esperarMs: number | null;
  duracaoMs: number;
  /** As JSON, for the log. */
  requisicao: string | null;
  /** Another attempt could not go better. */
  definitiva: boolean;
}

const jitter = 0.1;
const retryAfterMsMax = dayMs;

/**
 * What becomes of a delivery after an attempt: 2xx is success and only that; anything else waits by the list, some jitter
 * later and not before `Retry-After`, until the list is used up.
 * @param tentativas attempts before this one. @param random from 0 to 1.
 */
export function afterAttempt(
  tentativas: number,
  attempt: Pick<Tentativa, 'status' | 'esperarMs' | 'definitiva'>,
  backoffSeconds: readonly number[],
  random: number,
  now: number,
): { status: EntregaStatus; tentativas: number; proxima_em: number | null } {
  const done = { tentativas: tentativas + 1, proxima_em: null };
  if (attempt.status !== null && attempt.status >= 200 && attempt.status < 300) return { ...done, status: 'entregue' };
  const wait = backoffSeconds[tentativas];
  if (attempt.definitiva || attempt.status === 410 || wait === undefined) return { ...done, status: 'morta' };
  const byList = Math.round(wait * secondMs * (1 + jitter * random));
  const asked = Math.min(attempt.esperarMs ?? 0, retryAfterMsMax);
  return { ...done, status: 'pendente', proxima_em: now + Math.max(byList, asked) };
}

/** `Retry-After` in milliseconds (RFC 9110, 10.2.3): seconds or an HTTP date; null for anything else. */
export function retryAfterMs(header: string | undefined, wallNow: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * secondMs;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - wallNow);
}
