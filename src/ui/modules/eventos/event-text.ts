/** Events in a few words, and where they lead. */

import type { EventType } from '../../../core/events';
import type { LiveEvent } from '../../kit/live';
import { defineTexts, textOf } from '../../kit/texts';

const texts = defineTexts('tipos_de_evento', {
  'cliente.criado': ['Cliente novo', 'New customer'],
  'cliente.atualizado': ['Cliente editado', 'Customer edited'],
  'cliente.bloqueado': ['Cliente bloqueado', 'Customer blocked'],
  'cliente.ativado': ['Cliente ativado', 'Customer activated'],
  'cliente.cancelado': ['Cliente cancelado', 'Customer cancelled'],
  'licenca.criada': ['Licença nova', 'New licence'],
  'licenca.ativada': ['Licença ativada', 'Licence activated'],
  'licenca.renovada': ['Licença renovada', 'Licence renewed'],
  'licenca.bloqueada': ['Licença bloqueada', 'Licence blocked'],
  'licenca.desbloqueada': ['Licença desbloqueada', 'Licence unblocked'],
  'licenca.cancelada': ['Licença cancelada', 'Licence cancelled'],
  'licenca.expirando': ['Licença perto do fim', 'Licence ending soon'],
  'licenca.expirada': ['Licença expirada', 'Licence expired'],
  'licenca.limite_excedido': ['Limite de máquinas atingido', 'Machine limit reached'],
  'maquina.registrada': ['Máquina nova', 'New machine'],
  'maquina.online': ['Máquina online', 'Machine online'],
  'maquina.offline': ['Máquina offline', 'Machine offline'],
  'maquina.bloqueada': ['Máquina bloqueada', 'Machine blocked'],
  'maquina.desbloqueada': ['Máquina desbloqueada', 'Machine unblocked'],
  'maquina.anomalia': ['Fora do usual', 'Out of the ordinary'],
  'maquina.excluida': ['Máquina excluída', 'Machine deleted'],
  'versao.publicada': ['Versão publicada', 'Release published'],
  'versao.retirada': ['Versão retirada', 'Release withdrawn'],
  'versao.baixada': ['Versão baixada', 'Release downloaded'],
  'fatura.criada': ['Fatura nova', 'New invoice'],
  'fatura.paga': ['Fatura paga', 'Invoice paid'],
  'fatura.vencida': ['Fatura vencida', 'Invoice overdue'],
  'fatura.pendente': ['Fatura a pagar', 'Invoice to be paid'],
  'seguranca.suspeita': ['Atividade suspeita', 'Suspicious activity'],
  'seguranca.login_falhou': ['Entrada recusada', 'Log-in refused'],
  'churn.risco_alto': ['Cliente em risco', 'Customer at risk'],
  'backup.concluido': ['Backup pronto', 'Backup done'],
  'backup.falhou': ['Backup falhou', 'Backup failed'],
  'relatorio.diario': ['Relatório pronto', 'Report ready'],
  'licenca.atualizada': ['Licença editada', 'Licence edited'],
  'licenca.desativada': ['Assento liberado', 'Seat freed'],
  'licenca.iniciada': ['Licença começou a valer', 'Licence has begun'],
  'maquina.atualizada': ['Máquina editada', 'Machine edited'],
  'maquina.bloqueio_aplicado': ['Bloqueio aplicado', 'Block applied'],
  'maquina.bloqueio_recusado': ['Bloqueio recusado', 'Block refused'],
  'maquina.comando_criado': ['Comando enviado', 'Command sent'],
  'maquina.comando_respondido': ['Comando respondido', 'Command answered'],
  'maquina.perdida': ['Máquina perdida', 'Machine lost'],
  'plano.atualizado': ['Plano editado', 'Plan edited'],
  'fatura.cancelada': ['Fatura cancelada', 'Invoice cancelled'],
  'alerta.aberto': ['Alerta aberto', 'Alert opened'],
  'alerta.resolvido': ['Alerta resolvido', 'Alert resolved'],
  'webhook.desativado': ['Webhook desativado', 'Webhook disabled'],
  'sistema.erro': ['Erro do sistema', 'System error'],
});

/** Every event of the server has words here, and nothing else has. */
export const eventTypes: readonly EventType[] = Object.keys(texts.keys satisfies Record<EventType, unknown>).filter(
  isEventType,
);

function isEventType(tipo: string): tipo is EventType {
  return tipo in texts.keys;
}

export function eventTypeText(tipo: string): string {
  return tipo in texts.keys ? textOf(texts, tipo as keyof typeof texts.keys) : tipo;
}

/** `Máquina online: CAIXA-02`. */
export function eventText({ tipo, dados }: Pick<LiveEvent, 'tipo' | 'dados'>): string {
  const { nome, texto, titulo, versao, numero, chave_prefixo, detalhe } = dados;
  const what = [texto, nome, titulo, versao, numero, chave_prefixo, detalhe].find(
    (value) => typeof value === 'string' || typeof value === 'number',
  );
  return what === undefined ? eventTypeText(tipo) : `${eventTypeText(tipo)}: ${what}`;
}

/** The page of what an event is about. */
export function hrefOf({ tipo, dados }: Pick<LiveEvent, 'tipo' | 'dados'>): string | null {
  const places = [
    ['maquina', 'maquina_id', '/maquinas'],
    ['licenca', 'licenca_id', '/licencas'],
    ['cliente', 'cliente_id', '/clientes'],
    ['versao', 'versao_id', '/versoes'],
  ] as const;
  const family = tipo.split('.')[0];
  const own = places.find(([name]) => name === family);
  const id = own && (dados[own[1]] ?? dados.id);
  if (own && typeof id === 'string') return `${own[2]}/${id}`;
  for (const [, field, path] of places) {
    const other = dados[field];
    if (typeof other === 'string') return `${path}/${other}`;
  }
  return null;
}
