/** An invoice: types and rules. */

import { dayMs } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Licenca } from '../licencas/licencas.model';
import type { Plano } from '../planos/planos.model';
import { billingPeriod, type Periodo } from './periodo.model';

export const faturaStatus = ['pendente', 'paga', 'vencida', 'cancelada'] as const;
export type FaturaStatus = (typeof faturaStatus)[number];

export interface Fatura {
  id: string;
  numero: number;
  licenca_id: string;
  cliente_id: string;
  valor_centavos: number;
  status: FaturaStatus;
  periodo_inicio: number;
  periodo_fim: number;
  /** Due at the beginning of its period. */
  vence_em: number;
  /** When it is overdue and the licence is blocked: `vence_em` and the plan's grace. */
  bloqueia_em: number;
  paga_em: number | null;
  pendencia_avisada: boolean;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

/** The next period of a billed licence. @throws Error for a licence that is not billed. */
export function nextPeriod(licenca: Licenca, plano: Plano, timeZone: string): Periodo {
  if (licenca.cobranca_desde === null) throw new Error(`licence ${licenca.id} is not billed`);
  return billingPeriod(licenca.cobranca_desde, plano.periodo, licenca.cobranca_periodos, timeZone);
}

/** The invoice of a period. */
export function newFatura(
  licenca: Pick<Licenca, 'id' | 'cliente_id'>,
  plano: Plano,
  periodo: Periodo,
  ids: { id: string; numero: number },
  now: number,
): Fatura {
  return {
    ...ids,
    licenca_id: licenca.id,
    cliente_id: licenca.cliente_id,
    valor_centavos: plano.preco_centavos,
    status: 'pendente',
    periodo_inicio: periodo.inicio,
    periodo_fim: periodo.fim,
    vence_em: periodo.inicio,
    bloqueia_em: periodo.inicio + Math.max(plano.carencia_dias, 1) * dayMs,
    paga_em: null,
    pendencia_avisada: false,
    criado_em: now,
    atualizado_em: now,
    rev: 1,
  };
}

/** Pays it. @returns null when it is paid already. @throws Problem TRANSICAO_INVALIDA for a cancelled one. */
export function payFatura(fatura: Fatura, now: number): Fatura | null {
  if (fatura.status === 'paga') return null;
  if (fatura.status === 'cancelada') throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'A fatura está cancelada.' });
  return { ...fatura, status: 'paga', paga_em: now, atualizado_em: now, rev: fatura.rev + 1 };
}

/** Cancels it. @returns null when it is cancelled already. @throws Problem TRANSICAO_INVALIDA for a paid one. */
export function cancelFatura(fatura: Fatura, now: number): Fatura | null {
  if (fatura.status === 'cancelada') return null;
  if (fatura.status === 'paga') throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'A fatura já foi paga.' });
  return { ...fatura, status: 'cancelada', atualizado_em: now, rev: fatura.rev + 1 };
}
