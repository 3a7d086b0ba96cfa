/** A machine the software runs on: types, and what is in effect for it. No I/O, no clock, no random inside. */

import type { LicencaTermos } from '../licencas/licencas.model';
import { licenceFailures, type StateFacts, type ValidationCode } from '../licencas/validacao.model';
import type { Resultado } from './comandos.model';

/** `perdida` has been silent for thirty days. */
export const conexoes = ['nunca_vista', 'online', 'offline', 'perdida'] as const;
export type Conexao = (typeof conexoes)[number];
export const maquinaStatus = ['online', 'offline', 'bloqueada', 'nunca_vista', 'perdida'] as const;
export type MaquinaStatus = (typeof maquinaStatus)[number];

export interface Maquina {
  id: string;
  cliente_id: string;
  licenca_id: string;
  nome: string;
  impressao: string;
  hostname: string | null;
  so: string | null;
  arquitetura: string | null;
  versao: string | null;
  ip: string | null;
  conexao: Conexao;
  /** Whether it holds a seat of its licence. */
  ativa: boolean;
  /** Blocked by itself; what is in effect also depends on its licence and customer. */
  bloqueada: boolean;
  motivo_bloqueio: string | null;
  /** Counts the desired states this machine was given. */
  revisao: number;
  bloqueio_enviado_em: number | null;
  bloqueio_entregue_em: number | null;
  bloqueio_aplicado_em: number | null;
  /** The machine's own word, where it could not or would not apply its desired state. */
  bloqueio_recusado_em: number | null;
  bloqueio_resultado: Resultado | null;
  bloqueio_detalhe: string | null;
  /** When it was last heard before it went offline, epoch milliseconds; null while it is not. */
  ausente_desde: number | null;
  token_hmac: string;
  token_selado: string;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

/** A new desired state is not yet sent, delivered, applied or refused. */
export const noProgress = {
  bloqueio_enviado_em: null,
  bloqueio_entregue_em: null,
  bloqueio_aplicado_em: null,
  bloqueio_recusado_em: null,
  bloqueio_resultado: null,
  bloqueio_detalhe: null,
} as const;

/** A machine together with what decides whether it may work. */
export interface MaquinaComLicenca {
  maquina: Maquina;
  licenca: LicencaTermos;
  cliente: StateFacts['cliente'];
  motivoCliente: string | null;
  /** Of a floating licence: until when the machine holds a seat, epoch milliseconds. */
  assento?: { ate: number | null };
}

/** What is in effect for a machine: its own block, its licence's or its customer's. */
export interface Efeito {
  bloqueada: boolean;
  codigo: ValidationCode;
  motivo: string | null;
}

/** The desired state of a machine at a moment. */
export function machineEffect(facts: MaquinaComLicenca, now: number): Efeito {
  const [first] = licenceFailures(facts, now);
  if (first) return { bloqueada: true, codigo: first.codigo, motivo: reasonOf(facts, first.codigo) ?? first.detalhe };
  const { maquina } = facts;
  if (!maquina.ativa) return { bloqueada: true, codigo: 'MAQUINA_NAO_ATIVADA', motivo: 'A máquina foi desativada.' };
  if (facts.assento && (facts.assento.ate ?? 0) <= now) {
    return { bloqueada: true, codigo: 'MAQUINA_NAO_ATIVADA', motivo: 'A licença é flutuante e não há assento livre.' };
  }
  if (maquina.bloqueada) return { bloqueada: true, codigo: 'MAQUINA_BLOQUEADA', motivo: maquina.motivo_bloqueio };
  return { bloqueada: false, codigo: 'VALIDA', motivo: null };
}

function reasonOf(facts: MaquinaComLicenca, codigo: ValidationCode): string | null {
  if (codigo === 'CLIENTE_BLOQUEADO') return facts.motivoCliente;
  if (codigo === 'BLOQUEADA') return facts.licenca.motivo_bloqueio;
  return null;
}

/** The status shown to everyone. */
export function statusOf(maquina: Maquina, efeito: Efeito): MaquinaStatus {
  return efeito.bloqueada ? 'bloqueada' : maquina.conexao;
}

/**
 * Blocks or unblocks the machine itself. Asking for what already is, is no change.
 * @returns the machine as it becomes, or null when nothing changes.
 */
export function blockMaquina(maquina: Maquina, bloquear: boolean, motivo: string | null, now: number): Maquina | null {
  if (maquina.bloqueada === bloquear && maquina.motivo_bloqueio === motivo) return null;
  return {
    ...maquina,
    bloqueada: bloquear,
    motivo_bloqueio: motivo,
    revisao: maquina.revisao + 1,
    ...noProgress,
    atualizado_em: now,
    rev: maquina.rev + 1,
  };
}
