/** An alert rule: what it watches, from when on it is an alert, until when, and who is told. */

import { DateTime } from 'luxon';
import { dayMs, minuteMs, parseRfc3339 } from '../../core/clock';
import { type EventType, eventTypes } from '../../core/events';
import { type FieldError, Problem } from '../../core/problem';

export const severidades = ['info', 'aviso', 'critico'] as const;
export type Severidade = (typeof severidades)[number];
export const canais = ['email', 'webhook', 'ui'] as const;
export type Canal = (typeof canais)[number];
export const condicoes = ['maior', 'maior_igual', 'menor', 'menor_igual', '>', '>=', '<', '<='] as const;
export type Condicao = (typeof condicoes)[number];
export const agrupamentos = ['entidade', 'cliente'] as const;
export type Agrupamento = (typeof agrupamentos)[number];

/** Mails and webhooks wait until it ends; the alert itself is open and to be seen meanwhile. */
export interface Silencio {
  /** Until a moment, RFC 3339. */
  ate?: string | null;
  /** Each day between two times of day in NARCIDI_TZ, `HH:MM`, over midnight too. */
  inicio?: string | null;
  fim?: string | null;
}

export interface Regra {
  id: string;
  nome: string;
  embutida: boolean;
  ativa: boolean;
  /** Either an event… */
  evento: EventType | null;
  /** …or a metric: `cpu`, `memoria`, `disco`, `extras.<nome>` of machines, `sistema.<nome>` of the server. */
  metrica: string | null;
  condicao: Condicao | null;
  /** Of a metric the threshold; of an event how many within `por_minutos` it takes. */
  limite: number | null;
  /** Back beyond this one a metric's alert closes. */
  limite_retorno: number | null;
  por_minutos: number;
  severidade: Severidade;
  canais: Canal[];
  silencio: Silencio | null;
  agrupar_por: Agrupamento;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export type RegraFields = Omit<Regra, 'id' | 'embutida' | 'criado_em' | 'atualizado_em' | 'rev'>;

export const minutosMax = 43_200;
const ocorrenciasMax = 10_000;
const timeOfDay = /^([01]\d|2[0-3]):[0-5]\d$/;
const metricName = /^(cpu|memoria|disco|extras\.[A-Za-z0-9_]{1,40}|sistema\.[a-z_]{1,40})$/;

/**
 * What ends the trouble an event tells of; an event without an entry has no end of its own, and its alert closes after a
 * week without another.
 */
const ends: Partial<Record<EventType, readonly EventType[]>> = {
  'cliente.bloqueado': ['cliente.ativado', 'cliente.cancelado'],
  'licenca.bloqueada': ['licenca.desbloqueada', 'licenca.cancelada'],
  'licenca.expirando': ['licenca.renovada', 'licenca.cancelada', 'licenca.expirada'],
  'licenca.expirada': ['licenca.renovada', 'licenca.cancelada'],
  'licenca.limite_excedido': ['licenca.desativada', 'licenca.cancelada'],
  'maquina.offline': ['maquina.online', 'maquina.excluida'],
  'maquina.bloqueada': ['maquina.desbloqueada', 'maquina.excluida'],
  'fatura.pendente': ['fatura.paga', 'fatura.cancelada'],
  'fatura.vencida': ['fatura.paga', 'fatura.cancelada'],
  'backup.falhou': ['backup.concluido'],
};

type Watch = Pick<Regra, 'evento' | 'limite' | 'por_minutos'>;

/** Whether a rule waits for several events within its time. */
export function isCounted({ evento, limite }: Watch): boolean {
  return evento !== null && (limite ?? 1) > 1;
}

/** What ends a rule's trouble: of a metric, that the machine is no more; of several events, only time. */
function endsOf(regra: Watch): readonly EventType[] {
  if (regra.evento === null) return ['maquina.excluida'];
  return isCounted(regra) ? [] : (ends[regra.evento] ?? []);
}

/** Whether a rule's trouble lasts until another event ends it, so that it can be waited for how long it lasts. */
export function lasts(regra: Watch): boolean {
  return regra.evento !== null && regra.por_minutos > 0 && endsOf(regra).length > 0;
}

/** What an event is to a rule: its cause, the cause's end, or nothing. */
export function roleOf(regra: Watch, tipo: EventType): 'causa' | 'fim' | null {
  if (regra.evento === tipo) return 'causa';
  return endsOf(regra).includes(tipo) ? 'fim' : null;
}

/** Every event name a rule listens for. */
export function typesOfRegra(regra: Watch): EventType[] {
  return [...(regra.evento === null ? [] : [regra.evento]), ...endsOf(regra)];
}

const quietMs = 7 * dayMs;

/** When an alert of a rule closes by itself, or null when its end will be told. */
export function closesAt(regra: Watch, em: number): number | null {
  if (isCounted(regra)) return em + regra.por_minutos * minuteMs;
  return endsOf(regra).length > 0 ? null : em + quietMs;
}

/** @throws Problem VALIDACAO naming every field at fault. */
export function checkRegra(regra: RegraFields): void {
  const erros: FieldError[] = [];
  const wrong = (campo: string, mensagem: string): void => void erros.push({ campo, mensagem });
  if ((regra.evento === null) === (regra.metrica === null)) wrong('evento', 'diga evento ou metrica, e só um deles');
  if (regra.evento !== null) checkEvent(regra, wrong);
  if (regra.metrica !== null) checkMetric(regra, wrong);
  const { ate, inicio, fim } = regra.silencio ?? {};
  if (ate && parseRfc3339(ate) === null) wrong('silencio.ate', 'deve ser uma data e hora RFC 3339');
  if ((inicio ?? null) !== null || (fim ?? null) !== null) {
    if (!timeOfDay.test(inicio ?? '')) wrong('silencio.inicio', 'deve ser uma hora HH:MM');
    if (!timeOfDay.test(fim ?? '') || fim === inicio) wrong('silencio.fim', 'deve ser outra hora HH:MM');
  }
  const [first] = erros;
  if (first) throw new Problem('VALIDACAO', { detalhe: `${first.campo}: ${first.mensagem}`, erros });
}

function checkEvent(regra: RegraFields, wrong: (campo: string, mensagem: string) => void): void {
  const { evento, limite, limite_retorno, por_minutos } = regra;
  if (!eventTypes.some((tipo) => tipo === evento)) wrong('evento', 'não é o nome de um evento');
  // An alert about alerts would raise itself.
  if (evento?.startsWith('alerta.')) wrong('evento', 'um alerta não pode vir de outro');
  if (limite_retorno !== null) wrong('limite_retorno', 'só vale para métricas');
  if (limite !== null && !(Number.isInteger(limite) && limite >= 1 && limite <= ocorrenciasMax)) {
    wrong('limite', `de um evento é a quantidade, de 1 a ${ocorrenciasMax}`);
  }
  if ((limite ?? 1) > 1 && por_minutos === 0) wrong('por_minutos', 'diga em quantos minutos contar');
}

function checkMetric(regra: RegraFields, wrong: (campo: string, mensagem: string) => void): void {
  const { metrica, condicao, limite, limite_retorno } = regra;
  if (!metricName.test(metrica ?? '')) wrong('metrica', 'use cpu, memoria, disco, extras.<nome> ou sistema.<nome>');
  if (condicao === null) wrong('condicao', 'é obrigatória para métricas');
  if (limite === null) wrong('limite', 'é obrigatório para métricas');
  if (condicao === null || limite === null || limite_retorno === null) return;
  // Between the two nothing changes; the other way round it would open and close with every value.
  if (isAbove(condicao) ? limite_retorno > limite : limite_retorno < limite) {
    wrong('limite_retorno', 'deve estar do lado bom do limite');
  }
}

function isAbove(condicao: Condicao): boolean {
  return ['maior', 'maior_igual', '>', '>='].includes(condicao);
}

/** Whether a value is beyond a threshold. */
export function isBeyond(condicao: Condicao, valor: number, limite: number): boolean {
  switch (condicao) {
    case 'maior':
    case '>':
      return valor > limite;
    case 'maior_igual':
    case '>=':
      return valor >= limite;
    case 'menor':
    case '<':
      return valor < limite;
    case 'menor_igual':
    case '<=':
      return valor <= limite;
    default:
      return condicao satisfies never;
  }
}

/** Where a metric of one entity stands. */
export interface Medida {
  /** Since when it has been beyond the threshold without a break; null when it is not. */
  desde: number | null;
  aberto: boolean;
}

/**
 * One more value of a metric. It opens once it has been beyond `limite` for `por_minutos`, and closes when it is back
 * behind `limite_retorno`: in between nothing changes.
 * @param em when it was measured, epoch milliseconds.
 */
export function step(
  regra: Pick<Regra, 'condicao' | 'limite' | 'limite_retorno' | 'por_minutos'>,
  medida: Medida,
  valor: number,
  em: number,
): { medida: Medida; acao: 'abrir' | 'fechar' | null } {
  const { condicao, limite, limite_retorno, por_minutos } = regra;
  if (condicao === null || limite === null) return { medida, acao: null };
  if (medida.aberto) {
    if (isBeyond(condicao, valor, limite_retorno ?? limite)) return { medida, acao: null };
    return { medida: { desde: null, aberto: false }, acao: 'fechar' };
  }
  if (!isBeyond(condicao, valor, limite)) return { medida: { desde: null, aberto: false }, acao: null };
  const desde = Math.min(medida.desde ?? em, em);
  if (em - desde < por_minutos * minuteMs) return { medida: { desde, aberto: false }, acao: null };
  return { medida: { desde, aberto: true }, acao: 'abrir' };
}

/** Until when a rule is silent, epoch milliseconds, or null when it is not. */
export function silentUntil(silencio: Silencio | null, now: number, timeZone: string): number | null {
  const { ate, inicio, fim } = silencio ?? {};
  const until = ate ? parseRfc3339(ate) : null;
  if (until !== null && until > now) return until;
  if (!inicio || !fim) return null;
  const local = DateTime.fromMillis(now, { zone: timeZone });
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  const [from, to, at] = [minutes(inicio), minutes(fim), local.hour * 60 + local.minute];
  const silent = from < to ? at >= from && at < to : at >= from || at < to;
  if (!silent) return null;
  const end = local.set({ hour: Math.floor(to / 60), minute: to % 60, second: 0, millisecond: 0 });
  return (end.toMillis() > now ? end : end.plus({ days: 1 })).toMillis();
}
