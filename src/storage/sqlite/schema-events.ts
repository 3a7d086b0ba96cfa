/** The tables of events and of those who react to them: outbox, webhooks, mail, alerts. */

import type { Generated } from 'kysely';

export interface OutboxTable {
  seq: Generated<number>;
  id: string;
  tipo: string;
  em: number;
  entidade: string;
  entidade_id: string;
  dados: string;
  request_id: string | null;
}

export interface OutboxEntregaTable {
  consumidor: string;
  seq: number;
  entidade_id: string;
  tentativas: number;
  proxima_em: number;
  erro: string | null;
}

export interface OutboxMortaTable {
  id: string;
  consumidor: string;
  seq: number;
  entidade_id: string;
  tentativas: number;
  erro: string;
  morta_em: number;
}

export interface WebhookTable {
  id: string;
  url: string;
  eventos: string;
  clientes: string;
  cabecalhos_selados: string;
  modelo: string | null;
  segredo_selado: string;
  segredo_anterior_selado: string | null;
  segredo_anterior_ate: number | null;
  ativo: number;
  motivo_desativacao: string | null;
  falhando_desde: number | null;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface WebhookEntregaTable {
  id: string;
  webhook_id: string;
  seq: number;
  evento_id: string;
  tipo: string;
  entidade_id: string;
  status: string;
  tentativas: number;
  proxima_em: number | null;
  criada_em: number;
  tentada_em: number | null;
  duracao_ms: number | null;
  requisicao: string | null;
  resposta_status: number | null;
  resposta_corpo: string | null;
  erro: string | null;
}

export interface EmailTable {
  id: string;
  para: string;
  modelo: string;
  idioma: string;
  dados_selados: string | null;
  status: string;
  tentativas: number;
  proxima_em: number | null;
  erro: string | null;
  criado_em: number;
  enviado_em: number | null;
}

export interface AlertaRegraTable {
  id: string;
  nome: string;
  embutida: number;
  ativa: number;
  evento: string | null;
  metrica: string | null;
  condicao: string | null;
  limite: number | null;
  limite_retorno: number | null;
  por_minutos: number;
  severidade: string;
  canais: string;
  silencio: string | null;
  agrupar_por: string;
  criado_em: number;
  atualizado_em: number;
  rev: number;
}

export interface AlertaTable {
  id: string;
  regra_id: string;
  regra: string;
  severidade: string;
  titulo: string;
  detalhe: string;
  entidade: string;
  entidade_id: string;
  cliente_id: string | null;
  grupo: string;
  status: string;
  ocorrencias: number;
  aberto_em: number;
  ultima_em: number;
  reconhecido_em: number | null;
  resolvido_em: number | null;
  fecha_em: number | null;
  notificar_em: number | null;
  rev: number;
}

export interface AlertaMembroTable {
  regra_id: string;
  entidade_id: string;
  alerta_id: string;
  entidade: string;
  nome: string;
  desde: number;
}

export interface AlertaEsperaTable {
  regra_id: string;
  entidade_id: string;
  desde: number;
  ocorrencias: number;
  vence_em: number | null;
  dados: string;
}

export interface EventsSchema {
  outbox: OutboxTable;
  outbox_entregas: OutboxEntregaTable;
  outbox_mortas: OutboxMortaTable;
  webhooks: WebhookTable;
  webhook_entregas: WebhookEntregaTable;
  emails: EmailTable;
  alerta_regras: AlertaRegraTable;
  alertas: AlertaTable;
  alerta_membros: AlertaMembroTable;
  alerta_esperas: AlertaEsperaTable;
}
