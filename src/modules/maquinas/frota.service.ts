/**
 * Many machines in one call, with a result for each. They are taken in small transactions, so that nobody waits for the
 * whole; done again, what is done already changes nothing.
 */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import { invalidField, Problem } from '../../core/problem';
import { changesTogetherMax, type Tx, type UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { checkDados, checkExpiry, type NewComando } from './comandos.model';
import type { Comandos } from './comandos.service';
import { countByStatus, idsMatching, type MaquinaFilter } from './frota.store';
import { blockMaquina, type Maquina, type MaquinaStatus, maquinaStatus } from './maquinas.model';
import { blockChange } from './maquinas.service';
import { blockMaquinas, maquinasByIds } from './maquinas.store';

export const machinesPerCallMax = 10_000;
/** Each takes a few milliseconds, during which nobody else is served. */
const machinesPerTransaction = Math.min(100, changesTogetherMax);

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

  async function inBatches(
    actor: Actor,
    alvo: Alvo,
    change: (tx: Tx, ids: readonly string[]) => Promise<ResultadoItem[]>,
  ): Promise<ResultadoItem[]> {
    const ids = await resolve(alvo);
    const itens: ResultadoItem[] = [];
    for (let from = 0; from < ids.length; from += machinesPerTransaction) {
      const some = ids.slice(from, from + machinesPerTransaction);
      itens.push(...(await work.write(actor, (tx) => change(tx, some))));
      // Between transactions others get their turn.
      await new Promise((next) => setImmediate(next));
    }
    return itens;
  }

  async function block(actor: Actor, alvo: Alvo, bloquear: boolean, motivo: string | null): Promise<ResultadoItem[]> {
    authorize(actor, 'maquinas:bloquear');
    return inBatches(actor, alvo, async (tx, ids) => {
      const found = new Map((await maquinasByIds(tx.db, ids)).map((maquina) => [maquina.id, maquina]));
      const changes: { antes: Maquina; depois: Maquina }[] = [];
      for (const antes of found.values()) {
        const depois = blockMaquina(antes, bloquear, motivo, tx.now);
        if (depois) changes.push({ antes, depois });
      }
      const changed = new Set(changes.map(({ antes }) => antes.id));
      await blockMaquinas(tx.db, [...changed], { bloquear, motivo, now: tx.now });
      await tx.recordAll(changes.map(({ antes, depois }) => blockChange(antes, depois)));
      return ids.map((id) => {
        if (!found.has(id))
          return failed(id, new Problem('NAO_ENCONTRADO', { detalhe: 'Não há máquina com este id.' }));
        return { id, resultado: changed.has(id) ? 'feito' : 'inalterado' };
      });
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
      return inBatches(actor, alvo, async (tx, ids) => {
        const results = await comandos.criarEm(tx, ids, comando);
        return [...results].map(([id, result]) =>
          result instanceof Problem ? failed(id, result) : { id, resultado: 'feito', comando_id: result.id },
        );
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

/** What is wrong with one machine is its result. */
function failed(id: string, problem: Problem): ResultadoItem {
  return { id, resultado: 'erro', codigo: problem.codigo, detalhe: problem.message };
}
