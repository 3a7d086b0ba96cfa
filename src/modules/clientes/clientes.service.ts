/** What can be done with customers. */

import { type Actor, authorize } from '../../core/actor';
import type { EventType } from '../../core/events';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  type Cliente,
  type ClienteFields,
  type ClienteStatus,
  editCliente,
  moveCliente,
  newCliente,
} from './clientes.model';
import { type ClienteFilter, getCliente, insertCliente, listClientes, updateCliente } from './clientes.store';

interface Dependencies {
  work: UnitOfWork;
  ids: Ids;
  /** Gives every machine of a customer a new desired state, inside the transaction that changes the customer. */
  touchMachines(tx: Tx, clienteId: string): Promise<void>;
}

export type Clientes = ReturnType<typeof createClientes>;

export function createClientes({ work, ids, touchMachines }: Dependencies) {
  async function move(
    actor: Actor,
    id: string,
    to: { status: ClienteStatus; motivo: string | null; acao: string; evento: EventType },
  ): Promise<Cliente> {
    return work.write(actor, async (tx) => {
      const antes = await getCliente(tx.db, id);
      const depois = moveCliente(antes, to.status, to.motivo, tx.now);
      if (!depois) return antes;
      await updateCliente(tx.db, depois);
      await touchMachines(tx, id);
      await tx.record({
        acao: to.acao,
        entidade: 'cliente',
        entidadeId: id,
        antes,
        depois,
        eventos: [{ tipo: to.evento, entidade: 'cliente', entidadeId: id, dados: eventData(depois) }],
      });
      return depois;
    });
  }

  async function createIn(tx: Tx, fields: ClienteFields): Promise<Cliente> {
    const cliente = newCliente(fields, ids.next(tx.now), tx.now);
    await insertCliente(tx.db, cliente);
    await tx.record({
      acao: 'criar',
      entidade: 'cliente',
      entidadeId: cliente.id,
      antes: null,
      depois: cliente,
      eventos: [{ tipo: 'cliente.criado', entidade: 'cliente', entidadeId: cliente.id, dados: eventData(cliente) }],
    });
    return cliente;
  }

  return {
    /** @throws Problem EMAIL_DUPLICADO, DOCUMENTO_DUPLICADO, VALIDACAO */
    async criar(actor: Actor, fields: ClienteFields): Promise<Cliente> {
      authorize(actor, 'clientes:criar');
      return work.write(actor, (tx) => createIn(tx, fields));
    },

    /** The same inside a transaction of the caller's, who has asked for the permission. */
    criarEm: createIn,

    async listar(actor: Actor, page: PageRequest, filter: ClienteFilter): Promise<Page<Cliente>> {
      authorize(actor, 'clientes:ler');
      return listClientes(work.reader, page, filter);
    },

    async obter(actor: Actor, id: string): Promise<Cliente> {
      authorize(actor, 'clientes:ler');
      return getCliente(work.reader, id);
    },

    /** @param esperada the revision the caller has seen, or null for any. @throws Problem VERSAO_DESATUALIZADA */
    async atualizar(
      actor: Actor,
      id: string,
      fields: Partial<ClienteFields>,
      esperada: number | null,
    ): Promise<Cliente> {
      authorize(actor, 'clientes:editar');
      return work.write(actor, async (tx) => {
        const antes = await getCliente(tx.db, id);
        if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        const depois = editCliente(antes, fields, tx.now);
        await updateCliente(tx.db, depois);
        await tx.record({
          acao: 'editar',
          entidade: 'cliente',
          entidadeId: id,
          antes,
          depois,
          eventos: [{ tipo: 'cliente.atualizado', entidade: 'cliente', entidadeId: id, dados: eventData(depois) }],
        });
        return depois;
      });
    },

    /** Blocks, in effect, every licence and machine of the customer. Asked twice, it is done once. */
    async bloquear(actor: Actor, id: string, motivo: string): Promise<Cliente> {
      authorize(actor, 'clientes:bloquear');
      return move(actor, id, { status: 'bloqueado', motivo, acao: 'bloquear', evento: 'cliente.bloqueado' });
    },

    /** Restores each licence and machine to what it was before. */
    async ativar(actor: Actor, id: string): Promise<Cliente> {
      authorize(actor, 'clientes:bloquear');
      return move(actor, id, { status: 'ativo', motivo: null, acao: 'ativar', evento: 'cliente.ativado' });
    },

    async cancelar(actor: Actor, id: string): Promise<Cliente> {
      authorize(actor, 'clientes:excluir');
      return move(actor, id, { status: 'cancelado', motivo: null, acao: 'cancelar', evento: 'cliente.cancelado' });
    },
  };
}

function eventData(cliente: Cliente): Record<string, unknown> {
  const { id, nome, email, tipo, status, motivo_bloqueio } = cliente;
  return { cliente_id: id, nome, email, tipo, status, motivo_bloqueio };
}
