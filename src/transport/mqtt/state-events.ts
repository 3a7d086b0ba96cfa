/** Which events have machines told of their state anew. */

import type { CommittedEvent } from '../../core/events';

/** The events after which some machine's desired state, or its right to be connected, may be another. */
export function changesMachineState(tipo: CommittedEvent['tipo']): boolean {
  switch (tipo) {
    case 'cliente.bloqueado':
    case 'cliente.ativado':
    case 'cliente.cancelado':
    case 'licenca.atualizada':
    case 'licenca.renovada':
    case 'licenca.bloqueada':
    case 'licenca.desbloqueada':
    case 'licenca.cancelada':
    case 'licenca.desativada':
    case 'licenca.expirada':
    case 'licenca.iniciada':
    case 'plano.atualizado':
    case 'maquina.atualizada':
    case 'maquina.bloqueada':
    case 'maquina.desbloqueada':
    case 'maquina.excluida':
      return true;
    default:
      return false;
  }
}
