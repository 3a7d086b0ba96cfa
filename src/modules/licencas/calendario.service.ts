/** What the calendar alone changes: licences that begin and end. Told once each, and to their machines at once. */

import { systemActor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { licencaEventData } from './licencas.service';
import { dueLicencas } from './licencas.store';

const tickMs = secondMs;
const licencasPerTransaction = 100;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  touchMachines(tx: Tx, licencaId: string): Promise<void>;
  /** What billing has due; before ends are told, because a renewal takes an end away. */
  cobrar(): Promise<unknown>;
  /** Tells of ends that are near; later a job does. */
  avisar(): Promise<unknown>;
  onError(error: unknown): void;
}

export function createCalendario({ work, clock, touchMachines, cobrar, avisar, onError }: Dependencies) {
  const actor = systemActor('calendario');
  let timer: ReturnType<typeof setTimeout> | null = null;
  let running: Promise<void> = Promise.resolve();
  let stopped = false;

  /** One batch of starts or ends. @returns how many there were. */
  async function settle(which: 'fim' | 'inicio'): Promise<number> {
    // Most ticks find nothing: they must not take the write lock to learn it.
    if ((await dueLicencas(work.reader, which, clock.now(), 1)).length === 0) return 0;
    return work.write(actor, async (tx) => {
      const due = await dueLicencas(tx.db, which, tx.now, licencasPerTransaction);
      for (const facts of due) {
        const { id } = facts.licenca;
        const flag = which === 'fim' ? { fim_registrado: 1 } : { inicio_registrado: 1 };
        await tx.db.updateTable('licencas').set(flag).where('id', '=', id).execute();
        await touchMachines(tx, id);
        const tipo = which === 'fim' ? 'licenca.expirada' : 'licenca.iniciada';
        await tx.record({
          acao: which === 'fim' ? 'expirar' : 'iniciar',
          entidade: 'licenca',
          entidadeId: id,
          antes: null,
          depois: licencaEventData(facts),
          // A cancelled licence ends in silence.
          eventos:
            facts.licenca.situacao === 'cancelada'
              ? []
              : [{ tipo, entidade: 'licenca', entidadeId: id, dados: licencaEventData(facts) }],
        });
      }
      return due.length;
    });
  }

  async function tick(): Promise<void> {
    await cobrar();
    while (!stopped && (await settle('inicio')) + (await settle('fim')) > 0) {
      // Until nothing is due.
    }
  }

  function schedule(): void {
    timer = setTimeout(() => {
      running = tick()
        .catch(onError)
        .finally(() => {
          if (!stopped) schedule();
        });
    }, tickMs);
  }

  return {
    /** Does what has come due while the server was down, then goes on each second. */
    async start(): Promise<void> {
      await tick().then(avisar).catch(onError);
      schedule();
    },
    async stop(): Promise<void> {
      stopped = true;
      if (timer) clearTimeout(timer);
      await running;
    },
  };
}
