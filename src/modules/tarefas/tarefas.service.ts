/** What can be done with jobs: seen, started by hand, given another schedule, paused. */

import { type Actor, authorize } from '../../core/actor';
import { type Clock, secondMs } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import { invalidField, Problem } from '../../core/problem';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Execucoes } from './execucao.service';
import type { Execucao, Schedules, TarefaEstado } from './tarefas.model';
import { lastExecucao, listExecucoes } from './tarefas.store';

/** Whoever starts a job by hand gets its result when it comes this soon; else the run goes on without them. */
const waitMs = 20 * secondMs;

export interface Tarefa {
  nome: string;
  descricao: string;
  agenda: string;
  agenda_padrao: string;
  ativa: boolean;
  executando: boolean;
  /** The next run, a repetition included; null while paused. */
  proxima_em: number | null;
  ultima: Execucao | null;
  rev: number;
}

export interface TarefaEdit {
  /** Null for the job's own. */
  agenda?: string | null | undefined;
  ativa?: boolean | undefined;
}

interface Dependencies {
  execucoes: Execucoes;
  schedules: Schedules;
  clock: Clock;
  reader: Db;
}

export type Tarefas = ReturnType<typeof createTarefas>;

export function createTarefas({ execucoes, schedules, clock, reader }: Dependencies) {
  async function view(nome: string): Promise<Tarefa> {
    const { ativa, proxima_em, repetir_em, rev, agenda } = execucoes.estadoOf(nome);
    const job = execucoes.jobs.find((one) => one.nome === nome);
    if (!job) throw new Problem('NAO_ENCONTRADO');
    return {
      nome,
      descricao: job.descricao,
      agenda: agenda ?? job.agenda,
      agenda_padrao: job.agenda,
      ativa,
      executando: execucoes.isRunning(nome),
      proxima_em: ativa ? Math.min(proxima_em, repetir_em ?? proxima_em) : null,
      ultima: await lastExecucao(reader, nome),
      rev,
    };
  }

  return {
    async listar(actor: Actor): Promise<Tarefa[]> {
      authorize(actor, 'tarefas:ler');
      const names = execucoes.jobs.map(({ nome }) => nome).sort();
      const tarefas: Tarefa[] = [];
      for (const nome of names) tarefas.push(await view(nome));
      return tarefas;
    },

    /** @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, nome: string): Promise<Tarefa> {
      authorize(actor, 'tarefas:ler');
      return view(nome);
    },

    /** @throws Problem NAO_ENCONTRADO */
    async execucoes(actor: Actor, nome: string, page: PageRequest): Promise<Page<Execucao>> {
      authorize(actor, 'tarefas:ler');
      execucoes.estadoOf(nome);
      return listExecucoes(reader, page, nome);
    },

    /**
     * Starts a job now, whatever its schedule, and waits a while for it to end.
     * @throws Problem NAO_ENCONTRADO, CONFLITO while it runs already.
     */
    async executar(actor: Actor, nome: string): Promise<Tarefa> {
      authorize(actor, 'tarefas:executar');
      const { done } = await execucoes.start(actor, nome);
      let timer: ReturnType<typeof setTimeout> | undefined;
      const enough = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, waitMs);
      });
      await Promise.race([done, enough]);
      clearTimeout(timer);
      return view(nome);
    },

    /** @throws Problem NAO_ENCONTRADO, VALIDACAO for a schedule that never comes, VERSAO_DESATUALIZADA */
    async editar(actor: Actor, nome: string, edit: TarefaEdit, esperada: number | null): Promise<Tarefa> {
      authorize(actor, 'tarefas:editar');
      const antes = execucoes.estadoOf(nome);
      if (esperada !== null && antes.rev !== esperada) throw new Problem('VERSAO_DESATUALIZADA');
      const agenda = edit.agenda === undefined ? antes.agenda : edit.agenda;
      if (agenda !== null && schedules.next(agenda, clock.now()) === null) {
        throw invalidField('agenda', 'deve ser um padrão cron de cinco campos que aconteça, como 30 2 * * *');
      }
      const changed: TarefaEstado = { ...antes, agenda, ativa: edit.ativa ?? antes.ativa, rev: antes.rev + 1 };
      // A pause ends with what is to come, not with what it kept from happening.
      const depois = { ...changed, proxima_em: execucoes.nextOf(changed, clock.now()) };
      await execucoes.replace(actor, antes, depois);
      return view(nome);
    },
  };
}
