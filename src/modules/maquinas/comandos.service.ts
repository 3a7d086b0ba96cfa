/**
 * Commands to machines. The rows here are the queue; the broker carries them, and the machine's answers come back. A command
 * may be carried twice, as QoS 1 allows, and is applied once: machines know it by its id.
 */

import { type Actor, authorize, systemActor } from '../../core/actor';
import { type Clock, dayMs, rfc3339 } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import { prepareReadAll } from '../../storage/sqlite/fast-read';
import type { Sqlite } from '../../storage/sqlite/open';
import type { Change, Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { createAndamento } from './andamento.service';
import {
  answerComando,
  type Comando,
  type ComandoTipo,
  cancelComando,
  comandosWaitingMax,
  isDeliverable,
  type NewComando,
  newComando,
  type Resultado,
} from './comandos.model';
import {
  type ComandoFilter,
  type ComandoRow,
  type Commandable,
  commandable,
  expireComandos,
  findComando,
  getComando,
  insertComandos,
  listComandos,
  markComandos,
  removeOldComandos,
  selectWaiting,
  toComando,
  updateComando,
} from './comandos.store';
import { getMaquina } from './maquinas.store';

/** The payload of `N/comandos`. */
export interface ComandoPayload {
  id: string;
  tipo: ComandoTipo;
  dados: Record<string, unknown>;
  expira_em: string;
}

interface Dependencies {
  sqlite: Pick<Sqlite, 'reader' | 'readerHandle'>;
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  onError(error: unknown): void;
}

const comandosKeptMs = 90 * dayMs;
const rowsPerTransaction = 500;

export type Comandos = ReturnType<typeof createComandos>;

export function createComandos({ sqlite, work, clock, ids, onError }: Dependencies) {
  const waitingOf = prepareReadAll<ComandoRow>(sqlite.readerHandle, selectWaiting(sqlite.reader).compile());
  /** What machines have, though the database does not know yet. */
  const receivedUnwritten = new Set<string>();
  const andamento = createAndamento<{ id: string; step: 'enviado' | 'recebido'; at: number }>({
    work,
    nome: 'comandos',
    key: ({ step }) => step,
    write: async (tx, notes) => {
      const [first] = notes;
      if (!first) return;
      const ids = notes.map(({ id }) => id);
      await markComandos(tx.db, ids, first.step, first.at);
    },
    settled: ({ id, step }) => {
      if (step === 'recebido') receivedUnwritten.delete(id);
    },
    onError,
  });

  /** The same command for several machines; for each, the command or why there is none. @throws Problem VALIDACAO */
  async function createIn(
    tx: Tx,
    maquinaIds: readonly string[],
    input: NewComando,
  ): Promise<Map<string, Comando | Problem>> {
    const machines = await commandable(tx.db, maquinaIds, tx.now);
    const results = new Map<string, Comando | Problem>();
    const made: Comando[] = [];
    for (const maquinaId of maquinaIds) {
      const problem = whyNot(machines.get(maquinaId));
      if (problem) {
        results.set(maquinaId, problem);
        continue;
      }
      const comando = newComando(input, ids.next(tx.now), maquinaId, tx.now);
      made.push(comando);
      results.set(maquinaId, comando);
    }
    await insertComandos(tx.db, made);
    await tx.recordAll(made.map((comando) => changeOf('comandar', 'maquina.comando_criado', null, comando)));
    return results;
  }

  return {
    /** @throws Problem NAO_ENCONTRADO, CONFLITO, LIMITE_DE_COMANDOS, VALIDACAO */
    async criar(actor: Actor, maquinaId: string, input: NewComando): Promise<Comando> {
      authorize(actor, 'maquinas:executar');
      return work.write(actor, async (tx) => {
        const result = (await createIn(tx, [maquinaId], input)).get(maquinaId);
        if (!result || result instanceof Problem) throw result ?? whyNot(undefined);
        return result;
      });
    },

    /** The same for several machines, inside a transaction of the caller's, who has asked for the permission. */
    criarEm: createIn,

    async listar(actor: Actor, maquinaId: string, page: PageRequest, filter: ComandoFilter): Promise<Page<Comando>> {
      authorize(actor, 'maquinas:ler');
      await getMaquina(work.reader, maquinaId);
      return listComandos(work.reader, { maquina_id: maquinaId }, page, filter, clock.now());
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, maquinaId: string, id: string): Promise<Comando> {
      authorize(actor, 'maquinas:ler');
      return getComando(work.reader, maquinaId, id);
    },

    /** Takes a command back that the machine has not received. @throws Problem NAO_ENCONTRADO, TRANSICAO_INVALIDA */
    async cancelar(actor: Actor, maquinaId: string, id: string): Promise<Comando> {
      authorize(actor, 'maquinas:executar');
      return work.write(actor, async (tx) => {
        const antes = await getComando(tx.db, maquinaId, id);
        const depois = cancelComando(antes, tx.now);
        if (!depois && antes.status === 'expirado') return antes;
        if (!depois) throw new Problem('TRANSICAO_INVALIDA', { detalhe: 'A máquina já recebeu o comando.' });
        await updateComando(tx.db, depois);
        await tx.record(changeOf('cancelar_comando', null, antes, depois));
        return depois;
      });
    },

    /** What a machine has yet to receive, oldest first. Without giving way to other work. */
    porEntregar(maquinaId: string): ComandoPayload[] {
      const now = clock.now();
      return waitingOf(maquinaId)
        .map(toComando)
        .filter((comando) => isDeliverable(comando, now) && !receivedUnwritten.has(comando.id))
        .map(({ id, tipo, dados, expira_em }) => ({ id, tipo, dados, expira_em: rfc3339(expira_em) }));
    },

    /** Notes that a command went out to the machine, or that the machine has it. */
    andou(id: string, step: 'enviado' | 'recebido'): void {
      if (step === 'recebido') receivedUnwritten.add(id);
      andamento.note({ id, step, at: clock.now() });
    },

    /** Waits until what was noted is written. */
    settled: () => andamento.settled(),
    stats: () => ({ anotacoes: andamento.pending() }),

    /** Takes the machine's answer; said twice, it counts once. @throws Problem NAO_ENCONTRADO */
    async responder(
      actor: Actor,
      maquinaId: string,
      id: string,
      resultado: Resultado,
      detalhe: string | null,
    ): Promise<void> {
      await work.write(actor, async (tx) => {
        const antes = await findComando(tx.db, maquinaId, id);
        if (!antes) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há comando com este id nesta máquina.' });
        const depois = answerComando(antes, resultado, detalhe, tx.now);
        if (!depois) return;
        await updateComando(tx.db, depois);
        if (resultado === 'recebido') return;
        await tx.record(changeOf('responder_comando', 'maquina.comando_respondido', antes, depois));
      });
    },

    /** Writes down what has run out, and forgets what ended long ago. @returns what it did, for the history of the job. */
    async arrumar({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<string> {
      const counts = { vencidos: 0, apagados: 0 };
      let changed = rowsPerTransaction;
      while (changed >= rowsPerTransaction && !signal?.aborted) {
        changed = await work.write(systemActor('comandos'), async ({ db }) => {
          const now = clock.now();
          const vencidos = await expireComandos(db, now, rowsPerTransaction);
          const apagados = await removeOldComandos(db, now - comandosKeptMs, rowsPerTransaction);
          counts.vencidos += vencidos;
          counts.apagados += apagados;
          return Math.max(vencidos, apagados);
        });
      }
      return `${counts.vencidos} comando(s) vencido(s), ${counts.apagados} antigo(s) apagado(s)`;
    },
  };
}

/** Why a machine takes no command, if it does not. */
function whyNot(machine: Commandable | undefined): Problem | null {
  if (!machine) return new Problem('NAO_ENCONTRADO', { detalhe: 'Não há máquina com este id.' });
  if (!machine.ativa) return new Problem('CONFLITO', { detalhe: 'A máquina foi desativada.' });
  if (machine.waiting < comandosWaitingMax) return null;
  return new Problem('LIMITE_DE_COMANDOS', { detalhe: `Até ${comandosWaitingMax} comandos podem esperar por ela.` });
}

function changeOf(
  acao: string,
  evento: 'maquina.comando_criado' | 'maquina.comando_respondido' | null,
  antes: Comando | null,
  depois: Comando,
): Change {
  const { id, maquina_id, tipo, status, detalhe, expira_em } = depois;
  const dados = { comando_id: id, maquina_id, tipo, status, detalhe, expira_em: rfc3339(expira_em) };
  return {
    acao,
    entidade: 'comando',
    entidadeId: id,
    antes,
    depois,
    eventos: evento === null ? [] : [{ tipo: evento, entidade: 'comando', entidadeId: id, dados }],
  };
}
