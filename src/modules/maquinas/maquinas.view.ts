/** A machine on the wire. */

import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { type MaquinaComLicenca, type MaquinaStatus, machineEffect, statusOf } from './maquinas.model';
import type { Heard, HeartbeatPoint } from './series.store';

export interface MaquinaView {
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
  status: MaquinaStatus;
  conexao: string;
  ativa: boolean;
  /** What is in effect, by the machine itself, its licence or its customer. */
  bloqueada: boolean;
  codigo: string;
  motivo_bloqueio: string | null;
  revisao: number;
  bloqueio_enviado_em: string | null;
  bloqueio_entregue_em: string | null;
  bloqueio_aplicado_em: string | null;
  bloqueio_recusado_em: string | null;
  bloqueio_detalhe: string | null;
  ultimo_heartbeat_em: string | null;
  /** The newest heartbeat, in percent. */
  ultimas: { em: string; cpu: number; memoria: number; disco: number } | null;
  criado_em: string;
  atualizado_em: string;
}

/** @param heard what the machine last said, if it ever did. */
export function maquinaView(found: MaquinaComLicenca, heard: Heard | null, now: number): MaquinaView {
  const { maquina } = found;
  const efeito = machineEffect(found, now);
  return {
    id: maquina.id,
    cliente_id: maquina.cliente_id,
    licenca_id: maquina.licenca_id,
    nome: maquina.nome,
    impressao: maquina.impressao,
    hostname: maquina.hostname,
    so: maquina.so,
    arquitetura: maquina.arquitetura,
    versao: maquina.versao,
    ip: maquina.ip,
    status: statusOf(maquina, efeito),
    conexao: maquina.conexao,
    ativa: maquina.ativa,
    bloqueada: efeito.bloqueada,
    codigo: efeito.codigo,
    motivo_bloqueio: efeito.motivo,
    revisao: maquina.revisao,
    bloqueio_enviado_em: rfc3339OrNull(maquina.bloqueio_enviado_em),
    bloqueio_entregue_em: rfc3339OrNull(maquina.bloqueio_entregue_em),
    bloqueio_aplicado_em: rfc3339OrNull(maquina.bloqueio_aplicado_em),
    bloqueio_recusado_em: rfc3339OrNull(maquina.bloqueio_recusado_em),
    bloqueio_detalhe: maquina.bloqueio_detalhe,
    ultimo_heartbeat_em: rfc3339OrNull(heard?.em ?? null),
    ultimas: newestView(heard?.newest ?? null),
    criado_em: rfc3339(maquina.criado_em),
    atualizado_em: rfc3339(maquina.atualizado_em),
  };
}

function newestView(point: HeartbeatPoint | null): MaquinaView['ultimas'] {
  if (!point) return null;
  const { em, cpu, memoria, disco } = point;
  return { em: rfc3339(em), cpu, memoria, disco };
}
