/**
 * Runs jobs: when their schedule comes, when somebody asks, and again after a failure. No job overlaps itself, each run
 * has a time limit, and what was missed while the server was stopped happens once.
 */

import { type Actor, systemActor } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { Ids } from '../../core/ids';
import type { Job } from '../../core/job';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  afterRun,
  awaited,
  type Due,
  dueNow,
  type Execucao,
  type Resultado,
  type Schedules,
  type TarefaEstado,
} from './tarefas.model';
import { endExecucao, insertExecucao, listTarefas, openExecucoes, saveTarefa } from './tarefas.store';

const detalheCharactersMax = 1_000;
/** After the store failed to note a run, the scheduler leaves it alone for this long. */
const storeRetryMs = 30 * secondMs;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  ids: Ids;
  schedules: Schedules;
  onError(error: unknown): void;
}

export interface RunningJob {
  /** Resolves when the beginning is noted; rejects when it could not be, and then nothing runs. */
  begun: Promise<Execucao>;
  /** Resolves when the run is over and noted. */
  done: Promise<void>;
}

interface Outcome {
  resultado: Resultado;
  detalhe: string;
}

export type Execucoes = ReturnType<typeof createExecucoes>;

export function createExecucoes(jobs: readonly Job[], { work, clock, ids, schedules, onError }: Dependencies) {
  const system = systemActor('tarefas');
  const byName = new Map(jobs.map((job) => [job.nome, job]));
  const estados = new Map<string, TarefaEstado>();
  const running = new Map<string, RunningJob>();
  /** Jobs whose run has not returned, its time limit past or not. */
  const stragglers = new Set<string>();
  const aborts = new Set<AbortController>();
  const counters = { execucoes: 0, falhas: 0 };
  let stopped = false;
  let storeTrustedFrom = 0;

  function estadoOf(nome: string): TarefaEstado {
    const estado = estados.get(nome);
    if (!estado) throw new Problem('NAO_ENCONTRADO', { detalhe: `Não há tarefa ${nome}.` });
    return estado;
  }

  function nextOf(estado: TarefaEstado, now: number): number {
    const agenda = estado.agenda ?? byName.get(estado.nome)?.agenda ?? '';
    const next = schedules.next(agenda, now);
    if (next === null) throw new Error(`the schedule "${agenda}" of ${estado.nome} never comes`);
    return next;
  }

  /** Stores a job's new state, and only then believes it. */
  async function save(tx: Tx, estado: TarefaEstado): Promise<TarefaEstado> {
    await saveTarefa(tx.db, estado);
    return estado;
  }

  /** Notes that a run begins, so that a crash in the middle is seen; the schedule moves on with the same commit. */
  async function begin(actor: Actor, job: Job, due: Due): Promise<Execucao> {
    const [execucao, estado] = await work.write(actor, async (tx) => {
      const begun: Execucao = {
        id: ids.next(tx.now),
        nome: job.nome,
        ...due,
        inicio: tx.now,
        fim: null,
        resultado: 'em_andamento',
        detalhe: '',
      };
      await insertExecucao(tx.db, begun);
      const before = estadoOf(job.nome);
      const after = { ...before, proxima_em: nextOf(before, tx.now), repetir_em: null };
      if (due.origem !== 'manual') return [begun, await save(tx, after)];
      const depois = { execucao_id: begun.id };
      await tx.record({ acao: 'executar', entidade: 'tarefa', entidadeId: job.nome, antes: null, depois, eventos: [] });
      return [begun, before];
    });
    estados.set(job.nome, estado);
    return execucao;
  }

  async function finish(execucao: Execucao, { resultado, detalhe }: Outcome): Promise<void> {
    const estado = await work.write(system, async (tx) => {
      const ended: Execucao = {
        ...execucao,
        fim: Math.max(tx.now, execucao.inicio),
        resultado,
        detalhe: detalhe.slice(0, detalheCharactersMax),
      };
      await endExecucao(tx.db, ended);
      const before = estadoOf(execucao.nome);
      // What the stop of the server cuts off goes on at the next start; that is no failure of the job.
      if (resultado === 'interrompida') return save(tx, { ...before, repetir_em: tx.now });
      if (resultado !== 'sucesso') await recordFailure(tx, ended, before.falhas + 1);
      const next = afterRun(before, resultado, tx.now);
      // Whoever starts a job by hand sees the failure, and can start it again.
      return save(tx, {
        ...before,
        ...next,
        ...(execucao.origem === 'manual' ? { repetir_em: before.repetir_em } : {}),
      });
    });
    estados.set(execucao.nome, estado);
  }

  /** Runs the job within its time. What ignores its signal is not waited for, but keeps the job from starting again. */
  function attempt(job: Job, now: number): { outcome: Promise<Outcome>; over: Promise<unknown> } {
    const abort = new AbortController();
    aborts.add(abort);
    const timer = setTimeout(() => abort.abort(), job.limiteMs);
    const over = Promise.resolve()
      .then(() => job.run({ now, signal: abort.signal }))
      .then(
        (detalhe): Outcome => ({ resultado: 'sucesso', detalhe }),
        (error: unknown): Outcome => ({
          resultado: 'erro',
          detalhe: error instanceof Error ? error.message : String(error),
        }),
      )
      .finally(() => {
        clearTimeout(timer);
        aborts.delete(abort);
      });
    const cutOff = new Promise<Outcome>((resolve) => {
      abort.signal.addEventListener('abort', () => {
        const limit = `passou do limite de ${Math.round(job.limiteMs / secondMs)} s`;
        resolve(
          stopped
            ? { resultado: 'interrompida', detalhe: 'o servidor parou; continua na próxima partida' }
            : { resultado: 'tempo_esgotado', detalhe: limit },
        );
      });
    });
    return { outcome: Promise.race([over, cutOff]), over };
  }

  /** Takes the job's place before anything is awaited: two who ask at once start it once. */
  function run(actor: Actor, job: Job, due: Due): RunningJob {
    const begun = begin(actor, job, due);
    const done = (async () => {
      const execucao = await begun.catch(() => null);
      if (!execucao) return;
      counters.execucoes += 1;
      const { outcome, over } = attempt(job, execucao.inicio);
      void over.finally(() => stragglers.delete(job.nome));
      stragglers.add(job.nome);
      const ended = await outcome;
      if (ended.resultado !== 'sucesso') counters.falhas += 1;
      await finish(execucao, ended).catch(onError);
    })().finally(() => running.delete(job.nome));
    const slot = { begun, done };
    running.set(job.nome, slot);
    return slot;
  }

  const isRunning = (nome: string): boolean => running.has(nome) || stragglers.has(nome);

  /** Starts whatever is due. */
  function tick(): void {
    const now = clock.now();
    if (stopped || now < storeTrustedFrom) return;
    for (const job of jobs) {
      const known = estados.get(job.nome);
      if (!known || isRunning(job.nome)) continue;
      const estado = { ...known, proxima_em: awaited(known.proxima_em, nextOf(known, now)) };
      estados.set(job.nome, estado);
      const due = dueNow(estado, now);
      if (!due) continue;
      run(system, job, due).begun.catch((error: unknown) => {
        storeTrustedFrom = clock.now() + storeRetryMs;
        onError(error);
      });
    }
  }

  /** Runs that a crash cut off: they are told as such, and happen again. */
  async function settleInterrupted(tx: Tx, loaded: Map<string, TarefaEstado>): Promise<void> {
    for (const execucao of await openExecucoes(tx.db)) {
      await endExecucao(tx.db, {
        ...execucao,
        fim: tx.now,
        resultado: 'interrompida',
        detalhe: 'o servidor parou no meio',
      });
      const estado = loaded.get(execucao.nome);
      if (!estado || execucao.origem === 'manual') continue;
      // Counted, so that a job that takes the server down with it is not tried for ever.
      loaded.set(execucao.nome, { ...estado, ...afterRun(estado, 'interrompida', tx.now) });
    }
  }

  return {
    jobs,
    tick,
    estadoOf,
    nextOf,

    /** Loads the state of every job; a new one waits for its next schedule. */
    async load(): Promise<void> {
      await work.write(system, async (tx) => {
        const stored = new Map((await listTarefas(tx.db)).map((estado) => [estado.nome, estado]));
        await settleInterrupted(tx, stored);
        for (const { nome } of jobs) {
          const fresh: TarefaEstado = {
            nome,
            agenda: null,
            ativa: true,
            proxima_em: Number.MAX_SAFE_INTEGER,
            repetir_em: null,
            falhas: 0,
            rev: 1,
          };
          const estado = stored.get(nome) ?? fresh;
          const proxima_em = awaited(estado.proxima_em, nextOf(estado, tx.now));
          estados.set(nome, await save(tx, { ...estado, proxima_em }));
        }
      });
    },

    /** Stores a change somebody made to a job. */
    async replace(actor: Actor, antes: TarefaEstado, depois: TarefaEstado): Promise<void> {
      await work.write(actor, async (tx) => {
        await save(tx, depois);
        await tx.record({
          acao: 'editar',
          entidade: 'tarefa',
          entidadeId: antes.nome,
          antes,
          depois,
          eventos: [],
        });
      });
      estados.set(depois.nome, depois);
    },

    /** @throws Problem NAO_ENCONTRADO, CONFLITO while the job runs. */
    async start(actor: Actor, nome: string): Promise<RunningJob> {
      estadoOf(nome);
      const job = byName.get(nome);
      if (!job || isRunning(nome)) throw new Problem('CONFLITO', { detalhe: `A tarefa ${nome} já está executando.` });
      const started = run(actor, job, { origem: 'manual', prevista_em: clock.now() });
      await started.begun;
      return started;
    },

    isRunning,

    /** Waits until no run is under way. */
    async settled(): Promise<void> {
      for (const { done } of [...running.values()]) await done;
    },

    /** Starts no more; runs under way are told, noted as cut off, and happen again at the next start. */
    async stop(): Promise<void> {
      stopped = true;
      for (const abort of aborts) abort.abort();
      await this.settled();
    },

    stats: () => ({ ...counters, executando: running.size, tarefas: [...estados.values()] }),
  };
}

function recordFailure(tx: Tx, { id, nome, resultado, detalhe }: Execucao, falhas: number): Promise<void> {
  const dados = { parte: 'tarefas', tarefa: nome, execucao_id: id, resultado, detalhe, falhas };
  return tx.record({
    acao: 'falhar',
    entidade: 'tarefa',
    entidadeId: nome,
    antes: null,
    depois: dados,
    eventos: [{ tipo: 'sistema.erro', entidade: 'tarefa', entidadeId: nome, dados }],
  });
}
