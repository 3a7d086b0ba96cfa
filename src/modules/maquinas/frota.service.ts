/**
 * Many machines in one call, with a result for each. They are taken in small transactions, so that nobody waits for the
 * whole; done again, what is done already changes nothing.
 */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import { invalidField, Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { checkDados, checkExpiry, type NewComando } from './comandos.model';
import type { Comandos } from './comandos.service';
import { countByStatus, idsMatching, type MaquinaFilter } from './frota.store';
import { blockMaquina, type MaquinaStatus, maquinaStatus } from './maquinas.model';
import { recordBlock } from './maquinas.service';
import { findMaquina, updateMaquina } from './maquinas.store';

export const machinesPerCallMax = 10_000;
const machinesPerTransaction = 50;

/** Which machines: named, or all that a filter means. */
export interface Alvo {
  ids?: string[] | undefined;
  filtro?: MaquinaFilter | undefined;
}

export interface ResultadoItem {
  id: string;
  resultado: 'feito' | 'inalterado' | 'erro';
  codigo?: string;
  detalhe?: string;
  comando_id?: string;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  comandos: Pick<Comandos, 'criarEm'>;
}

type Feito = Omit<ResultadoItem, 'id' | 'codigo' | 'detalhe'>;

export type Frota = ReturnType<typeof createFrota>;

export function createFrota({ work, clock, comandos }: Dependencies) {
  /** @throws Problem VALIDACAO */
  async function resolve({ ids, filtro }: Alvo): Promise<string[]> {
    if ((ids === undefined) === (filtro === undefined)) throw invalidField('ids', 'diga ids ou filtro, um dos dois');
    if (ids) return [...new Set(ids)];
    // An empty filter is everybody: too much for a slip.
    const named = Object.values(filtro ?? {}).some((value) => value !== undefined && value !== '');
    if (!filtro || !named) throw invalidField('filtro', 'diga ao menos um campo');
    const found = await idsMatching(work.reader, filtro, clock.now(), machinesPerCallMax + 1);
    if (found.length > machinesPerCallMax) {
      throw invalidField('filtro', `alcança mais de ${machinesPerCallMax} máquinas, o máximo por chamada`);
    }
    return found;
  }

  async function each(
    actor: Actor,
    alvo: Alvo,
    change: (tx: Tx, maquinaId: string) => Promise<Feito>,
  ): Promise<ResultadoItem[]> {
    const ids = await resolve(alvo);
    const itens: ResultadoItem[] = [];
    for (let from = 0; from < ids.length; from += machinesPerTransaction) {
      const some = ids.slice(from, from + machinesPerTransaction);
      const done = await work.write(actor, async (tx) => {
        const results: ResultadoItem[] = [];
        for (const id of some) results.push({ id, ...(await attempt(() => change(tx, id))) });
        return results;
      });
      itens.push(...done);
      // Between transactions others get their turn.
      await new Promise((next) => setImmediate(next));
    }
    return itens;
  }

  async function block(actor: Actor, alvo: Alvo, bloquear: boolean, motivo: string | null): Promise<ResultadoItem[]> {
    authorize(actor, 'maquinas:bloquear');
    return each(actor, alvo, async (tx, id) => {
      const found = await findMaquina(tx.db, id);
      if (!found) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há máquina com este id.' });
      const depois = blockMaquina(found.maquina, bloquear, motivo, tx.now);
      if (!depois) return { resultado: 'inalterado' };
      await updateMaquina(tx.db, depois);
      await recordBlock(tx, found.maquina, depois);
      return { resultado: 'feito' };
    });
  }

  return {
    async bloquear(actor: Actor, alvo: Alvo, motivo: string): Promise<ResultadoItem[]> {
      return block(actor, alvo, true, motivo);
    },

    async desbloquear(actor: Actor, alvo: Alvo): Promise<ResultadoItem[]> {
      return block(actor, alvo, false, null);
    },

    /** @throws Problem VALIDACAO for a command that is wrong for everyone. */
    async comandar(actor: Actor, alvo: Alvo, comando: NewComando): Promise<ResultadoItem[]> {
      authorize(actor, 'maquinas:executar');
      checkDados(comando.tipo, comando.dados ?? {});
      checkExpiry(comando.expira_em, clock.now());
      return each(actor, alvo, async (tx, id) => {
        const { id: comando_id } = await comandos.criarEm(tx, id, comando);
        return { resultado: 'feito', comando_id };
      });
    },

    /** How many machines there are in each status. */
    async resumo(
      actor: Actor,
      filter: MaquinaFilter,
    ): Promise<{ total: number; por_status: Record<MaquinaStatus, number> }> {
      authorize(actor, 'maquinas:ler');
      const counts = await countByStatus(work.reader, filter, clock.now());
      const por_status = { online: 0, offline: 0, bloqueada: 0, nunca_vista: 0, perdida: 0 };
      let total = 0;
      for (const status of maquinaStatus) {
        por_status[status] = counts.get(status) ?? 0;
        total += por_status[status];
      }
      return { total, por_status };
    },
  };
}

/** What is wrong with one machine is its result; what is wrong with the store ends the call. */
async function attempt(change: () => Promise<Feito>): Promise<Omit<ResultadoItem, 'id'>> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { resultado: 'erro', codigo: error.codigo, detalhe: error.message };
  }
}
