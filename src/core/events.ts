/** The names of everything that can happen, and the envelope in which it is told (contract section 5). */

export const eventTypes = [
  'cliente.criado',
  'cliente.atualizado',
  'cliente.bloqueado',
  'cliente.ativado',
  'cliente.cancelado',
  'licenca.criada',
  'licenca.atualizada',
  'licenca.ativada',
  'licenca.desativada',
  'licenca.renovada',
  'licenca.bloqueada',
  'licenca.desbloqueada',
  'licenca.cancelada',
  'licenca.expirando',
  'licenca.expirada',
  'licenca.iniciada',
  'licenca.limite_excedido',
  'maquina.registrada',
  'maquina.atualizada',
  'maquina.online',
  'maquina.offline',
  'maquina.bloqueada',
  'maquina.desbloqueada',
  'maquina.bloqueio_aplicado',
  'maquina.bloqueio_recusado',
  'maquina.comando_criado',
  'maquina.comando_respondido',
  'maquina.perdida',
  'maquina.anomalia',
  'maquina.excluida',
  'versao.publicada',
  'versao.retirada',
  'versao.baixada',
  'plano.atualizado',
  'fatura.criada',
  'fatura.paga',
  'fatura.vencida',
  'fatura.pendente',
  'fatura.cancelada',
  'seguranca.suspeita',
  'seguranca.login_falhou',
  'churn.risco_alto',
  'backup.concluido',
  'backup.falhou',
  'relatorio.diario',
  'sistema.erro',
  'webhook.desativado',
  'alerta.aberto',
  'alerta.resolvido',
] as const;

export type EventType = (typeof eventTypes)[number];

/** What is told, before it has an id and a time. Events of one entity are delivered in order. */
export interface NewEvent {
  tipo: EventType;
  entidade: string;
  entidadeId: string;
  dados: Readonly<Record<string, unknown>>;
}

/** The envelope everywhere: webhooks, live feed, alerts. */
export interface EventEnvelope {
  id: string;
  tipo: EventType;
  em: string;
  dados: Readonly<Record<string, unknown>>;
  request_id: string | null;
}

/** An event as the relay hands it to reactions: the envelope and the entity that gives it its order. */
export interface CommittedEvent extends EventEnvelope {
  seq: number;
  entidade: string;
  entidadeId: string;
}
