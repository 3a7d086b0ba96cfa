/** Which plan a customer has outgrown, and why, in figures. */

import type { Periodicidade } from '../faturas/periodo.model';

/** A licence that is nearly full, or was refused something. */
export interface LicencaEmUso {
  id: string;
  cliente_id: string;
  nome: string;
  plano_id: string;
  produto_id: string;
  limite_maquinas: number;
  maquinas_ativas: number;
  /** Refusals of the last 30 days. */
  sem_assento: number;
  sem_recurso: number;
}

export interface PlanoOferta {
  id: string;
  nome: string;
  produto_id: string;
  preco_centavos: number;
  periodo: Periodicidade;
  limite_maquinas: number;
  recursos: readonly string[];
}

export interface Sugestao {
  licenca_id: string;
  cliente_id: string;
  cliente: string;
  plano_atual: PlanoOferta;
  plano_sugerido: PlanoOferta;
  motivos: string[];
  /** What the change would bring more in a month, centavos. */
  receita_adicional_mensal_centavos: number;
}

const months: Readonly<Record<Periodicidade, number>> = { mensal: 1, trimestral: 3, anual: 12 };
const fullShare = 0.8;
/** Whoever has a seat or two uses them all: only from so many on is being nearly full a sign. */
export const nearlyFullFrom = 3;

/** The cheapest plan of the same product that gives what is missing; null when there is none, or nothing is missing. */
export function suggestUpgrade(licenca: LicencaEmUso, planos: readonly PlanoOferta[]): Sugestao | null {
  const atual = planos.find(({ id }) => id === licenca.plano_id);
  if (!atual) return null;
  const nearlyFull =
    licenca.limite_maquinas >= nearlyFullFrom && licenca.maquinas_ativas >= fullShare * licenca.limite_maquinas;
  const needsSeats = licenca.sem_assento > 0 || nearlyFull;
  const sugerido = planos
    .filter((plano) => plano.produto_id === licenca.produto_id && monthly(plano) > monthly(atual))
    .filter((plano) => !needsSeats || plano.limite_maquinas > licenca.limite_maquinas)
    .filter((plano) => licenca.sem_recurso === 0 || plano.recursos.length > atual.recursos.length)
    .sort((a, b) => monthly(a) - monthly(b))[0];
  if (!sugerido) return null;
  return {
    licenca_id: licenca.id,
    cliente_id: licenca.cliente_id,
    cliente: licenca.nome,
    plano_atual: atual,
    plano_sugerido: sugerido,
    motivos: reasons(licenca, sugerido),
    receita_adicional_mensal_centavos: Math.round(monthly(sugerido) - monthly(atual)),
  };
}

/** What a plan costs a month, centavos. */
function monthly({ preco_centavos, periodo }: PlanoOferta): number {
  return preco_centavos / months[periodo];
}

function reasons(licenca: LicencaEmUso, sugerido: PlanoOferta): string[] {
  const { maquinas_ativas, limite_maquinas, sem_assento, sem_recurso } = licenca;
  return [
    `usa ${maquinas_ativas} de ${limite_maquinas} máquinas; o plano ${sugerido.nome} permite ${sugerido.limite_maquinas}`,
    ...(sem_assento > 0 ? [`${times(sem_assento)} em 30 dias faltou assento para ativar`] : []),
    ...(sem_recurso > 0 ? [`${times(sem_recurso)} em 30 dias pediu um recurso que o plano não tem`] : []),
  ];
}

function times(count: number): string {
  return count === 1 ? '1 vez' : `${count} vezes`;
}
