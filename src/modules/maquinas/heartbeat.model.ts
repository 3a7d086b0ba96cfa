/** Reads heartbeats, from HTTP and MQTT alike. Nothing about them is trusted. */

import { dayMs, minuteMs, parseRfc3339 } from '../../core/clock';
import { type FieldError, Problem, type ProblemCode } from '../../core/problem';
import type { HeartbeatPoint } from './series.store';

export const heartbeatsPerMessageMax = 1_000;
export const clockAheadMsMax = 5 * minuteMs;
/** Older than what is kept at all; a machine whose clock lost its battery starts years ago. */
export const heartbeatAgeMsMax = 730 * dayMs;
const extrasMax = 20;
const versaoCharactersMax = 64;
const errorsReportedMax = 20;

export interface HeartbeatMessage {
  points: HeartbeatPoint[];
  /** The version of the newest heartbeat that names one. */
  versao: string | null;
}

/**
 * Reads one heartbeat or a list of them. All or nothing: one bad entry refuses the message, naming it by its index.
 * @param body the parsed JSON.
 * @throws Problem VALIDACAO, HEARTBEAT_NO_FUTURO (more than 5 minutes ahead) or HEARTBEAT_ANTIGO.
 */
export function readHeartbeats(body: unknown, now: number): HeartbeatMessage {
  const entries = Array.isArray(body) ? body : [body];
  if (entries.length === 0) refuse('VALIDACAO', [{ campo: '', mensagem: 'a lista está vazia' }]);
  if (entries.length > heartbeatsPerMessageMax) {
    refuse('VALIDACAO', [{ campo: '', mensagem: `mais de ${heartbeatsPerMessageMax} heartbeats em uma mensagem` }]);
  }
  const message: HeartbeatMessage = { points: [], versao: null };
  const errors: FieldError[] = [];
  let code: ProblemCode = 'VALIDACAO';
  for (const [index, entry] of entries.entries()) {
    const prefix = Array.isArray(body) ? `${index}.` : '';
    const read = readOne(entry, now);
    if ('erro' in read) {
      if (errors.length === 0) code = read.codigo;
      errors.push({ campo: `${prefix}${read.erro.campo}`, mensagem: read.erro.mensagem });
      if (errors.length >= errorsReportedMax) break;
      continue;
    }
    message.points.push(read.point);
    message.versao = read.versao ?? message.versao;
  }
  if (errors.length > 0) refuse(code, errors);
  return message;
}

type ReadResult = { point: HeartbeatPoint; versao: string | null } | { codigo: ProblemCode; erro: FieldError };

function readOne(entry: unknown, now: number): ReadResult {
  if (!isRecord(entry)) return invalid('', 'deve ser um objeto {cpu, memoria, disco}');
  const { cpu, memoria, disco, em, versao, extras } = entry;
  if (!isPercentage(cpu)) return invalid('cpu', percentageMessage);
  if (!isPercentage(memoria)) return invalid('memoria', percentageMessage);
  if (!isPercentage(disco)) return invalid('disco', percentageMessage);
  const time = readTime(em, now);
  if (typeof time !== 'number') return time;
  const point: HeartbeatPoint = { em: time, cpu, memoria, disco };
  if (extras !== undefined && extras !== null) {
    const series = readExtras(extras);
    if (!series) return invalid('extras', `até ${extrasMax} séries numéricas, nomes de até 40 letras, dígitos e _`);
    if (Object.keys(series).length > 0) point.extras = series;
  }
  if (versao === undefined || versao === null) return { point, versao: null };
  if (typeof versao !== 'string' || versao.length > versaoCharactersMax || !/^[\x20-\x7e]+$/.test(versao)) {
    return invalid('versao', `texto de até ${versaoCharactersMax} caracteres`);
  }
  return { point, versao };
}

function readTime(em: unknown, now: number): number | { codigo: ProblemCode; erro: FieldError } {
  if (em === undefined || em === null) return now;
  const time = typeof em === 'string' ? parseRfc3339(em) : null;
  if (time === null) return invalid('em', 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z');
  if (time > now + clockAheadMsMax) {
    return { codigo: 'HEARTBEAT_NO_FUTURO', erro: { campo: 'em', mensagem: 'está mais de 5 minutos no futuro' } };
  }
  if (time < now - heartbeatAgeMsMax) {
    return { codigo: 'HEARTBEAT_ANTIGO', erro: { campo: 'em', mensagem: 'tem mais de dois anos' } };
  }
  return time;
}

function readExtras(extras: unknown): Record<string, number> | null {
  if (!isRecord(extras)) return null;
  const entries = Object.entries(extras);
  if (entries.length > extrasMax) return null;
  const series: Record<string, number> = {};
  for (const [name, value] of entries) {
    if (!/^[A-Za-z0-9_]{1,40}$/.test(name) || name === '__proto__') return null;
    if (typeof value !== 'number' || !Number.isFinite(value)) return null;
    series[name] = value;
  }
  return series;
}

const percentageMessage = 'deve ser um número de 0 a 100';

function isPercentage(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= 100;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(campo: string, mensagem: string): { codigo: ProblemCode; erro: FieldError } {
  return { codigo: 'VALIDACAO', erro: { campo, mensagem } };
}

function refuse(codigo: ProblemCode, erros: FieldError[]): never {
  const first = erros[0];
  throw new Problem(codigo, { detalhe: first ? `${first.campo} ${first.mensagem}`.trim() : undefined, erros });
}
