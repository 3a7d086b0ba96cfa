/** A licence: types, and the rules of its life. No I/O, no clock, no random inside. */

import { dayMs } from '../../core/clock';
import { invalidField, Problem } from '../../core/problem';

export const licencaTipos = ['demonstracao', 'temporaria', 'perpetua', 'assinatura'] as const;
export const licencaStatus = ['pendente', 'ativa', 'bloqueada', 'expirada', 'cancelada'] as const;

export type LicencaTipo = (typeof licencaTipos)[number];
export type LicencaStatus = (typeof licencaStatus)[number];
/** What an administrator decided; the rest of the status follows from the calendar and the customer. */
export type Situacao = 'ativa' | 'bloqueada' | 'cancelada';

export const demonstracaoDiasDefault = 14;
export const offlineDiasDefault = 7;
export const diasMax = 36_500;

export interface Licenca {
  id: string;
  chave_prefixo: string;
  chave_selada: string;
  chave_hmac: string;
  cliente_id: string;
  produto_id: string;
  plano_id: string | null;
  tipo: LicencaTipo;
  situacao: Situacao;
  motivo_bloqueio: string | null;
  limite_maquinas: number;
  maquinas_ativas: number;
  recursos: string[];
  inicia_em: number;
  /** The first moment at which it is expired; null for never. */
  expira_em: number | null;
  carencia_dias: number;
  renovacao_automatica: boolean;
  offline_dias: number;
  metadados: Record<string, unknown>;
  /** Whether the calendar's tick has told of the start and of the end. */
  inicio_registrado: boolean;
  fim_registrado: boolean;
  /** Whether the limit and the features follow the plan. */
  herda_limite: boolean;
  herda_recursos: boolean;
  /** Semver range of the versions it may run; null for any. */
  versoes: string | null;
  /** Until when it is entitled to new versions; null for as long as it lasts. */
  atualizacoes_ate: number | null;
  /** How far beyond the limit machines may still activate, in percent. */
  excedente_pct: number;
  /** Blocked for an unpaid invoice. */
  inadimplente: boolean;
  /** Whether seats are leased by heartbeat, so that more machines may be registered than run at once. */
  flutuante: boolean;
  /** From when billing periods are counted, and how many have been billed; null for a licence that is not billed. */
  cobranca_desde: number | null;
  cobranca_periodos: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

/** The part of a licence that decides whether it works now. */
export type LicencaTermos = Pick<
  Licenca,
  'tipo' | 'situacao' | 'motivo_bloqueio' | 'inadimplente' | 'inicia_em' | 'expira_em' | 'carencia_dias'
>;

/** What the customer's status does to its licences. */
export type ClienteEfeito = 'ativo' | 'bloqueado' | 'cancelado';

export interface LicencaTerms {
  tipo: LicencaTipo;
  dias?: number | undefined;
  inicia_em?: number | undefined;
  expira_em?: number | undefined;
}

/**
 * When a new licence begins and ends.
 * @throws Problem VALIDACAO when the type lacks what it needs or the end is not after the beginning.
 */
export function licencaPeriod(terms: LicencaTerms, now: number): { iniciaEm: number; expiraEm: number | null } {
  const iniciaEm = terms.inicia_em ?? now;
  if (terms.tipo === 'perpetua') {
    if (terms.dias !== undefined || terms.expira_em !== undefined) {
      throw invalidField('expira_em', 'uma licença perpétua nunca expira');
    }
    return { iniciaEm, expiraEm: null };
  }
  if (terms.dias !== undefined && terms.expira_em !== undefined) {
    throw invalidField('dias', 'informe dias ou expira_em, não ambos');
  }
  const dias =
    terms.dias ??
    (terms.tipo === 'demonstracao' && terms.expira_em === undefined ? demonstracaoDiasDefault : undefined);
  const expiraEm = terms.expira_em ?? (dias === undefined ? undefined : iniciaEm + dias * dayMs);
  if (expiraEm === undefined) {
    const needs =
      terms.tipo === 'assinatura' ? 'uma assinatura precisa de um plano ou de dias' : 'informe dias ou expira_em';
    throw invalidField('dias', needs);
  }
  if (expiraEm <= iniciaEm) throw invalidField('expira_em', 'deve ser depois de inicia_em');
  return { iniciaEm, expiraEm };
}

/** The status shown to everyone: what was decided first, then the customer, then the calendar. */
export function licencaStatusAt(licenca: LicencaTermos, cliente: ClienteEfeito, now: number): LicencaStatus {
  if (licenca.situacao === 'cancelada' || cliente === 'cancelado') return 'cancelada';
  if (licenca.situacao === 'bloqueada' || licenca.inadimplente || cliente === 'bloqueado') return 'bloqueada';
  if (now < licenca.inicia_em) return 'pendente';
  if (isExpired(licenca, now)) return 'expirada';
  return 'ativa';
}

/** The moment of expiry itself is already expired; a subscription lives on through its grace. */
export function isExpired(licenca: LicencaTermos, now: number): boolean {
  const end = effectiveEnd(licenca);
  return end !== null && now >= end;
}

/** Past its end but within its grace. */
export function isInGrace(licenca: LicencaTermos, now: number): boolean {
  return licenca.expira_em !== null && now >= licenca.expira_em && !isExpired(licenca, now);
}

/** The end with its grace; null for never. */
export function effectiveEnd(licenca: LicencaTermos): number | null {
  if (licenca.expira_em === null) return null;
  return licenca.tipo === 'assinatura' ? licenca.expira_em + licenca.carencia_dias * dayMs : licenca.expira_em;
}

/**
 * Extends from the later of now and the present expiry, or sets a new end that is later than both.
 * @throws Problem TRANSICAO_INVALIDA for a perpetual or cancelled licence, VALIDACAO for an end in the past.
 */
export function renewLicenca(
  licenca: Licenca,
  terms: { dias?: number | undefined; expira_em?: number | undefined },
  now: number,
): Licenca {
  if (licenca.situacao === 'cancelada') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'Uma licença cancelada não pode ser renovada.' });
  }
  if (licenca.expira_em === null) {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'Uma licença perpétua não precisa de renovação.' });
  }
  if ((terms.dias === undefined) === (terms.expira_em === undefined)) {
    throw invalidField('dias', 'informe dias ou expira_em, um dos dois');
  }
  const from = Math.max(now, licenca.expira_em);
  const expiraEm = terms.expira_em ?? from + (terms.dias ?? 0) * dayMs;
  if (expiraEm <= from) throw invalidField('expira_em', 'deve ser depois de agora e do vencimento atual');
  // Billing goes on from the new end, counted anew.
  const billing = licenca.cobranca_desde === null ? {} : { cobranca_desde: expiraEm, cobranca_periodos: 0 };
  return { ...touched(licenca, now), expira_em: expiraEm, fim_registrado: false, ...billing };
}

/**
 * Blocks or unblocks. Asking for what already is, is no change.
 * @returns the licence as it becomes, or null when nothing changes.
 * @throws Problem TRANSICAO_INVALIDA for a cancelled licence.
 */
export function blockLicenca(licenca: Licenca, bloquear: boolean, motivo: string | null, now: number): Licenca | null {
  if (licenca.situacao === 'cancelada') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'A licença está cancelada.' });
  }
  const situacao: Situacao = bloquear ? 'bloqueada' : 'ativa';
  // An administrator who unblocks lifts a block for non-payment too: the invoice stays overdue, the machines work.
  const inadimplente = bloquear && licenca.inadimplente;
  if (licenca.situacao === situacao && licenca.motivo_bloqueio === motivo && licenca.inadimplente === inadimplente) {
    return null;
  }
  return { ...touched(licenca, now), situacao, motivo_bloqueio: motivo, inadimplente };
}

/** How many machines may be active, the allowance for overage included. */
export function seatsMax(licenca: Pick<Licenca, 'limite_maquinas' | 'excedente_pct'>): number {
  return Math.floor((licenca.limite_maquinas * (100 + licenca.excedente_pct)) / 100);
}

/** Cancels for good. @throws Problem TRANSICAO_INVALIDA when it is cancelled already. */
export function cancelLicenca(licenca: Licenca, now: number): Licenca {
  if (licenca.situacao === 'cancelada') {
    throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'A licença já está cancelada.' });
  }
  return { ...touched(licenca, now), situacao: 'cancelada' };
}

/** The licence with a new revision. */
export function touched(licenca: Licenca, now: number): Licenca {
  return { ...licenca, atualizado_em: now, rev: licenca.rev + 1 };
}
