/** A licence on the wire. */

import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { type LicencaStatus, type LicencaTipo, licencaStatusAt } from './licencas.model';
import type { LicenceFacts } from './validacao.model';

export interface LicencaView {
  id: string;
  chave?: string;
  chave_prefixo: string;
  cliente_id: string;
  produto_id: string;
  produto: string;
  plano_id: string | null;
  tipo: LicencaTipo;
  status: LicencaStatus;
  motivo_bloqueio: string | null;
  limite_maquinas: number;
  maquinas_ativas: number;
  recursos: string[];
  inicia_em: string;
  expira_em: string | null;
  versoes: string | null;
  atualizacoes_ate: string | null;
  excedente_pct: number;
  inadimplente: boolean;
  flutuante: boolean;
  renovacao_automatica: boolean;
  offline_dias: number;
  criado_em: string;
  atualizado_em: string;
}

/** @param chave the whole key, for whoever may see it. */
export function licencaView(
  { licenca, cliente, produtoSlug }: LicenceFacts,
  now: number,
  chave: string | null,
): LicencaView {
  return {
    id: licenca.id,
    ...(chave === null ? {} : { chave }),
    chave_prefixo: licenca.chave_prefixo,
    cliente_id: licenca.cliente_id,
    produto_id: licenca.produto_id,
    produto: produtoSlug,
    plano_id: licenca.plano_id,
    tipo: licenca.tipo,
    status: licencaStatusAt(licenca, cliente, now),
    motivo_bloqueio: licenca.motivo_bloqueio,
    limite_maquinas: licenca.limite_maquinas,
    maquinas_ativas: licenca.maquinas_ativas,
    recursos: licenca.recursos,
    inicia_em: rfc3339(licenca.inicia_em),
    expira_em: rfc3339OrNull(licenca.expira_em),
    versoes: licenca.versoes,
    atualizacoes_ate: rfc3339OrNull(licenca.atualizacoes_ate),
    excedente_pct: licenca.excedente_pct,
    inadimplente: licenca.inadimplente,
    flutuante: licenca.flutuante,
    renovacao_automatica: licenca.renovacao_automatica,
    offline_dias: licenca.offline_dias,
    criado_em: rfc3339(licenca.criado_em),
    atualizado_em: rfc3339(licenca.atualizado_em),
  };
}
