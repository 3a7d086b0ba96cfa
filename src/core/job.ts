/** Work that a schedule starts. Who does it is declared by the module it belongs to, in its `.jobs.ts`. */

export interface JobContext {
  /** The business time at which the run began, epoch milliseconds. */
  now: number;
  /** Aborted when the run has used up its time or the server stops: a long job should look at it between steps. */
  signal: AbortSignal;
}

export interface Job {
  /** Its name in `/tarefas/`, a word in snake case. */
  nome: string;
  /** One sentence in pt-BR, for whoever looks at the list. */
  descricao: string;
  /** The schedule it has unless it is given another: a cron pattern of five fields, in NARCIDI_TZ. */
  agenda: string;
  /** How long a run may take, milliseconds of real time. */
  limiteMs: number;
  /**
   * Does the work. Must be idempotent: a run that was cut off by a crash happens again.
   * @returns in a few words of pt-BR what was done.
   */
  run(context: JobContext): Promise<string>;
}
