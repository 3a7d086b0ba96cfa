/** An alert: something that asks for somebody's attention, open until its cause ends. */

import { secondMs } from '../../core/clock';
import type { CommittedEvent, EventType } from '../../core/events';
import type { Regra, Severidade } from './regras.model';

export const alertaStatus = ['aberto', 'reconhecido', 'resolvido'] as const;
export type AlertaStatus = (typeof alertaStatus)[number];

export interface Alerta {
  id: string;
  regra_id: string;
  /** The rule's name when it was raised. */
  regra: string;
  severidade: Severidade;
  titulo: string;
  detalhe: string;
  /** What it is about; several machines of one customer are about the customer. */
  entidade: string;
  entidade_id: string;
  cliente_id: string | null;
  grupo: string;
  status: AlertaStatus;
  ocorrencias: number;
  aberto_em: number;
  ultima_em: number;
  reconhecido_em: number | null;
  resolvido_em: number | null;
  /** When it closes by itself, where nothing tells of the end. */
  fecha_em: number | null;
  /** When mail and webhook go out; null once they have, or were spared. */
  notificar_em: number | null;
  rev: number;
}

/** What has gone wrong, and with what. */
export interface Causa {
  entidade: string;
  entidadeId: string;
  nome: string;
  clienteId: string | null;
  em: number;
  /** A sentence more, where there is one. */
  detalhe: string;
}

/** One whose trouble keeps an alert open. */
export interface Membro {
  regra_id: string;
  entidade_id: string;
  alerta_id: string;
  entidade: string;
  nome: string;
  desde: number;
}

/** Others of the group that fail in this time are told of in the same mail and webhook. */
export const collectMs = 5 * secondMs;
export const shownNamesMax = 20;

/** Backups and the like have an id each time: their trouble is one. */
const oneForAll = new Set<EventType>(['backup.falhou', 'backup.concluido', 'relatorio.diario']);

/** The cause an event tells of. */
export function causaOf({ dados, entidade, entidadeId, tipo, em }: CommittedEvent): Causa {
  const text = (...names: string[]): string => {
    const values = names.map((name) => dados[name]);
    return String(values.find((value) => typeof value === 'string' || typeof value === 'number') ?? '');
  };
  const clienteId = entidade === 'cliente' ? entidadeId : text('cliente_id');
  return {
    entidade,
    entidadeId: oneForAll.has(tipo) ? entidade : entidadeId,
    // A number alone says nothing in a list of alerts.
    nome:
      typeof dados.numero === 'number'
        ? `fatura nº ${dados.numero}`
        : text('nome', 'chave_prefixo', 'email', 'url', 'motivo') || entidadeId,
    clienteId: clienteId === '' ? null : clienteId,
    em: Date.parse(em),
    detalhe: text('detalhe', 'motivo', 'motivo_bloqueio', 'erro'),
  };
}

/** Causes with the same group raise one alert. */
export function grupoOf({ agrupar_por }: Pick<Regra, 'agrupar_por'>, causa: Causa): string {
  return agrupar_por === 'cliente' && causa.clienteId !== null
    ? `cliente ${causa.clienteId}`
    : `${causa.entidade} ${causa.entidadeId}`;
}

const titles: Partial<Record<EventType, { one: string; many: string }>> = {
  'cliente.criado': { one: 'Cliente novo', many: 'clientes novos' },
  'cliente.bloqueado': { one: 'Cliente bloqueado', many: 'clientes bloqueados' },
  'licenca.expirada': { one: 'Licença expirada', many: 'licenças expiradas' },
  'licenca.expirando': { one: 'Licença perto do fim', many: 'licenças perto do fim' },
  'licenca.bloqueada': { one: 'Licença bloqueada', many: 'licenças bloqueadas' },
  'licenca.limite_excedido': { one: 'Limite de máquinas excedido', many: 'licenças acima do limite' },
  'maquina.offline': { one: 'Máquina offline', many: 'máquinas offline' },
  'maquina.bloqueada': { one: 'Máquina bloqueada', many: 'máquinas bloqueadas' },
  'maquina.anomalia': { one: 'Anomalia em máquina', many: 'máquinas com anomalia' },
  'fatura.pendente': { one: 'Pagamento pendente', many: 'pagamentos pendentes' },
  'fatura.vencida': { one: 'Fatura vencida', many: 'faturas vencidas' },
  'seguranca.suspeita': { one: 'Atividade suspeita', many: 'atividades suspeitas' },
  'seguranca.login_falhou': { one: 'Tentativas de acesso', many: 'tentativas de acesso' },
  'backup.falhou': { one: 'Backup falhou', many: 'backups que falharam' },
  'sistema.erro': { one: 'Erro do sistema', many: 'erros do sistema' },
  'webhook.desativado': { one: 'Webhook desativado', many: 'webhooks desativados' },
};

/** The title and text of an alert, from the names of those it is about. */
export function describeAlerta(
  regra: Pick<Regra, 'nome' | 'evento' | 'metrica' | 'condicao' | 'limite'>,
  nomes: readonly string[],
  total: number,
  detalhe: string,
): { titulo: string; detalhe: string } {
  const title = (regra.evento === null ? null : titles[regra.evento]) ?? { one: regra.nome, many: regra.nome };
  const threshold = regra.metrica === null ? '' : ` (${regra.metrica} ${regra.condicao} ${regra.limite})`;
  if (total <= 1) return { titulo: `${title.one}: ${nomes[0] ?? ''}${threshold}`, detalhe };
  const rest = total > shownNamesMax ? ` e mais ${total - shownNamesMax}` : '';
  return {
    titulo: `${total} ${title.many}${threshold}`,
    detalhe: `${nomes.slice(0, shownNamesMax).join(', ')}${rest}`,
  };
}
