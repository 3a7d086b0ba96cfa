/** A state as icon and word. Never by colour alone. */

import { Badge } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBan,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleFilled,
  IconCircleX,
  IconClock,
  IconInfoCircle,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { defineTexts, useT } from './texts';

type Tom = 'bom' | 'calmo' | 'atencao' | 'ruim';
type Icon = ComponentType<{ size?: number; 'aria-hidden'?: boolean }>;

const cores: Record<Tom, string> = { bom: 'green', calmo: 'gray', atencao: 'orange', ruim: 'red' };

const texts = defineTexts('status', {
  online: ['Online', 'Online'],
  offline: ['Offline', 'Offline'],
  perdida: ['Perdida', 'Lost'],
  nunca_vista: ['Nunca vista', 'Never seen'],
  bloqueada: ['Bloqueada', 'Blocked'],
  bloqueado: ['Bloqueado', 'Blocked'],
  ativo: ['Ativo', 'Active'],
  ativa: ['Ativa', 'Active'],
  inativo: ['Inativo', 'Inactive'],
  inativa: ['Inativa', 'Inactive'],
  cancelado: ['Cancelado', 'Cancelled'],
  cancelada: ['Cancelada', 'Cancelled'],
  expirada: ['Expirada', 'Expired'],
  expirado: ['Expirado', 'Expired'],
  pendente: ['Pendente', 'Pending'],
  paga: ['Paga', 'Paid'],
  vencida: ['Vencida', 'Overdue'],
  rascunho: ['Rascunho', 'Draft'],
  publicada: ['Publicada', 'Published'],
  retirada: ['Retirada', 'Withdrawn'],
  pausada: ['Pausada', 'Paused'],
  aberto: ['Aberto', 'Open'],
  reconhecido: ['Reconhecido', 'Acknowledged'],
  resolvido: ['Resolvido', 'Resolved'],
  info: ['Informação', 'Info'],
  aviso: ['Aviso', 'Warning'],
  critico: ['Crítico', 'Critical'],
  baixo: ['Baixo', 'Low'],
  medio: ['Médio', 'Medium'],
  alto: ['Alto', 'High'],
  na_fila: ['Na fila', 'Queued'],
  enviado: ['Enviado', 'Sent'],
  recebido: ['Entregue', 'Delivered'],
  aplicado: ['Aplicado', 'Applied'],
  recusado: ['Recusado', 'Refused'],
  erro: ['Erro', 'Error'],
  entregue: ['Entregue', 'Delivered'],
  falhou: ['Falhou', 'Failed'],
  morta: ['Desistiu', 'Given up'],
  esperando: ['Esperando', 'Waiting'],
  sucesso: ['Sucesso', 'Success'],
  em_andamento: ['Em andamento', 'Running'],
  tempo_esgotado: ['Tempo esgotado', 'Timed out'],
  interrompida: ['Interrompida', 'Interrupted'],
  conferido: ['Conferido', 'Verified'],
  defeituoso: ['Defeituoso', 'Damaged'],
});
export type Situacao = keyof typeof texts.keys;

const looks: Partial<Record<Situacao, readonly [Tom, Icon]>> = {
  online: ['bom', IconCircleFilled],
  offline: ['atencao', IconCircleX],
  perdida: ['calmo', IconCircleX],
  nunca_vista: ['calmo', IconCircleDashed],
  bloqueada: ['ruim', IconBan],
  bloqueado: ['ruim', IconBan],
  cancelado: ['calmo', IconCircleX],
  cancelada: ['calmo', IconCircleX],
  expirada: ['ruim', IconClock],
  expirado: ['calmo', IconClock],
  pendente: ['atencao', IconClock],
  vencida: ['ruim', IconAlertTriangle],
  rascunho: ['calmo', IconCircleDashed],
  retirada: ['calmo', IconCircleX],
  pausada: ['atencao', IconClock],
  inativo: ['calmo', IconCircleX],
  inativa: ['calmo', IconCircleX],
  aberto: ['atencao', IconAlertTriangle],
  reconhecido: ['calmo', IconInfoCircle],
  info: ['calmo', IconInfoCircle],
  aviso: ['atencao', IconAlertTriangle],
  critico: ['ruim', IconAlertTriangle],
  medio: ['calmo', IconInfoCircle],
  alto: ['atencao', IconAlertTriangle],
  na_fila: ['calmo', IconClock],
  enviado: ['calmo', IconClock],
  esperando: ['calmo', IconClock],
  em_andamento: ['calmo', IconClock],
  recusado: ['atencao', IconCircleX],
  erro: ['ruim', IconAlertTriangle],
  falhou: ['ruim', IconAlertTriangle],
  morta: ['ruim', IconAlertTriangle],
  tempo_esgotado: ['ruim', IconClock],
  interrompida: ['atencao', IconAlertTriangle],
  defeituoso: ['ruim', IconAlertTriangle],
};

function isSituacao(value: string): value is Situacao {
  return value in texts.keys;
}

export function Status({ value }: { value: string }) {
  const t = useT(texts);
  const [tom, Icon] = (isSituacao(value) ? looks[value] : undefined) ?? ['calmo', IconCircleCheck];
  return (
    <Badge
      variant="light"
      color={cores[tom]}
      leftSection={<Icon size={12} aria-hidden />}
      tt="none"
      fw={500}
      className={`situacao situacao-${tom}`}
    >
      {isSituacao(value) ? t(value) : value}
    </Badge>
  );
}

export function useSituacaoText(): (value: string) => string {
  const t = useT(texts);
  return (value) => (isSituacao(value) ? t(value) : value);
}
