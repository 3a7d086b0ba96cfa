/** What administrators do with machines. */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import type { EventType } from '../../core/events';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { Keyring } from '../../storage/keys/keyring';
import type { Change, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { freeSeat } from '../licencas/assentos.store';
import { type Activation, type Ativacao, type MachineDescription, newMachineToken } from '../licencas/ativacao.service';
import { addSeats, getLicenca } from '../licencas/licencas.store';
import type { MaquinaFilter } from './frota.store';
import { blockMaquina, type Maquina, type MaquinaComLicenca } from './maquinas.model';
import { bumpDesiredState, deleteMaquina, getMaquina, listMaquinas, updateMaquina } from './maquinas.store';
import type { SeriesStore } from './series.store';

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  keyring: Keyring;
  ativacao: Ativacao;
  series: SeriesStore;
}

export type MaquinaEdit = Partial<Pick<Maquina, 'nome' | 'hostname' | 'so' | 'arquitetura' | 'versao'>>;
export type NewMaquina = MachineDescription & { cliente_id: string; licenca_id: string };
export type Maquinas = ReturnType<typeof createMaquinas>;

export function createMaquinas({ work, clock, keyring, ativacao, series }: Dependencies) {
  async function change(
    actor: Actor,
    id: string,
    acao: string,
    evento: EventType,
    decide: (maquina: Maquina, now: number) => Maquina | null,
  ): Promise<MaquinaComLicenca> {
    return work.write(actor, async (tx) => {
      const found = await getMaquina(tx.db, id);
      const depois = decide(found.maquina, tx.now);
      if (!depois) return found;
      await updateMaquina(tx.db, depois);
      await tx.record({
        acao,
        entidade: 'maquina',
        entidadeId: id,
        antes: found.maquina,
        depois,
        eventos: [{ tipo: evento, entidade: 'maquina', entidadeId: id, dados: maquinaEventData(depois) }],
      });
      return { ...found, maquina: depois };
    });
  }

  return {
    /** Registers a machine for an administrator: the same as activating, without the key. */
    async registrar(actor: Actor, input: NewMaquina): Promise<Activation> {
      authorize(actor, 'maquinas:criar');
      const { licenca } = await getLicenca(work.reader, input.licenca_id).catch((error: unknown) => {
        if (error instanceof Problem) throw invalidField('licenca_id', 'não há licença com este id');
        throw error;
      });
      if (licenca.cliente_id !== input.cliente_id) throw invalidField('cliente_id', 'a licença é de outro cliente');
      return ativacao.ativarPorId(actor, licenca.id, input);
    },

    async listar(actor: Actor, page: PageRequest, filter: MaquinaFilter): Promise<Page<MaquinaComLicenca>> {
      authorize(actor, 'maquinas:ler');
      return listMaquinas(work.reader, page, filter, clock.now());
    },

    async obter(actor: Actor, id: string): Promise<MaquinaComLicenca> {
      authorize(actor, 'maquinas:ler');
      return getMaquina(work.reader, id);
    },

    /** @param esperada the revision the caller has seen, or null for any. @throws Problem VERSAO_DESATUALIZADA */
    async atualizar(actor: Actor, id: string, edit: MaquinaEdit, esperada: number | null): Promise<MaquinaComLicenca> {
      authorize(actor, 'maquinas:editar');
      return change(actor, id, 'editar', 'maquina.atualizada', (maquina, now) => {
        if (esperada !== null && maquina.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
        return { ...maquina, ...edit, atualizado_em: now, rev: maquina.rev + 1 };
      });
    },

    async bloquear(actor: Actor, id: string, motivo: string): Promise<MaquinaComLicenca> {
      authorize(actor, 'maquinas:bloquear');
      return change(actor, id, 'bloquear', 'maquina.bloqueada', (maquina, now) =>
        blockMaquina(maquina, true, motivo, now),
      );
    },

    async desbloquear(actor: Actor, id: string): Promise<MaquinaComLicenca> {
      authorize(actor, 'maquinas:bloquear');
      return change(actor, id, 'desbloquear', 'maquina.desbloqueada', (maquina, now) =>
        blockMaquina(maquina, false, null, now),
      );
    },

    /** Gives the machine a new credential; the one before stops working at once. */
    async rotacionarToken(actor: Actor, id: string): Promise<{ found: MaquinaComLicenca; token: string }> {
      authorize(actor, 'maquinas:editar');
      const { token, ...kept } = newMachineToken(keyring);
      const found = await change(actor, id, 'rotacionar_token', 'maquina.atualizada', (maquina, now) => ({
        ...maquina,
        ...kept,
        atualizado_em: now,
        rev: maquina.rev + 1,
      }));
      return { found, token };
    },

    /** Removes the machine, frees its seat and forgets its heartbeats. The audit stays. */
    async excluir(actor: Actor, id: string): Promise<void> {
      authorize(actor, 'maquinas:excluir');
      await work.write(actor, async (tx) => {
        const { maquina } = await getMaquina(tx.db, id);
        await deleteMaquina(tx.db, id);
        if (maquina.ativa) await addSeats(tx.db, maquina.licenca_id, -1);
        await freeSeat(tx.db, id, maquina.licenca_id);
        await tx.record({
          acao: 'excluir',
          entidade: 'maquina',
          entidadeId: id,
          antes: maquina,
          depois: null,
          eventos: [
            { tipo: 'maquina.excluida', entidade: 'maquina', entidadeId: id, dados: maquinaEventData(maquina) },
          ],
        });
      });
      await series.forget(id);
    },
  };
}

/** That a machine was blocked or unblocked, for the record. */
export function blockChange(antes: Maquina, depois: Maquina): Change {
  const evento = depois.bloqueada ? 'maquina.bloqueada' : 'maquina.desbloqueada';
  return {
    acao: depois.bloqueada ? 'bloquear' : 'desbloquear',
    entidade: 'maquina',
    entidadeId: depois.id,
    antes,
    depois,
    eventos: [{ tipo: evento, entidade: 'maquina', entidadeId: depois.id, dados: maquinaEventData(depois) }],
  };
}

/** What an event tells of a machine; never its credential. */
export function maquinaEventData(maquina: Maquina): Record<string, unknown> {
  const { id, cliente_id, licenca_id, nome, bloqueada, motivo_bloqueio, revisao } = maquina;
  return { maquina_id: id, cliente_id, licenca_id, nome, bloqueada, motivo_bloqueio, revisao };
}

/** What customers and licences call in their own transactions, so that their machines hear of the change. */
export const touchMachines = {
  ofCliente: (tx: { db: Parameters<typeof bumpDesiredState>[0] }, clienteId: string) =>
    bumpDesiredState(tx.db, { cliente_id: clienteId }),
  ofPlano: (tx: { db: Parameters<typeof bumpDesiredState>[0] }, planoId: string) =>
    bumpDesiredState(tx.db, { plano_id: planoId }),
  ofLicenca: (tx: { db: Parameters<typeof bumpDesiredState>[0] }, licencaId: string) =>
    bumpDesiredState(tx.db, { licenca_id: licencaId }),
};
