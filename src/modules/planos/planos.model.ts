/** A plan: what a licence of it costs and includes. */

import type { Periodicidade } from '../faturas/periodo.model';

export interface Plano {
  id: string;
  nome: string;
  produto_id: string;
  preco_centavos: number;
  periodo: Periodicidade;
  limite_maquinas: number;
  recursos: string[];
  carencia_dias: number;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

/** What of a plan can be changed; the product and the rhythm of billing stay, for licences count on them. */
export type PlanoEdit = Partial<
  Pick<Plano, 'nome' | 'preco_centavos' | 'limite_maquinas' | 'recursos' | 'carencia_dias'>
>;

/**
 * The grace of a licence of a plan. One that renews itself is renewed at the moment its period ends: a day of grace at
 * least keeps it valid should the server be down just then.
 */
export function licenceGraceDays(plano: Pick<Plano, 'carencia_dias'>, renovacaoAutomatica: boolean): number {
  return renovacaoAutomatica ? Math.max(plano.carencia_dias, 1) : plano.carencia_dias;
}
