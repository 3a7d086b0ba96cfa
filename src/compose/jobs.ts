/** Every job of the product, who runs them and what can be done with them. */

import type { Job } from '../core/job';
import { limparAcesso } from '../modules/acesso/acesso.jobs';
import { backup, conferirBackups, simulacroRestauracao } from '../modules/backups/backups.jobs';
import { limparEventos } from '../modules/eventos/eventos.jobs';
import { renovarAssinaturas } from '../modules/faturas/faturas.jobs';
import { licencasExpirando } from '../modules/licencas/licencas.jobs';
import { createDisponibilidade } from '../modules/maquinas/disponibilidade.service';
import { comandosVencidos, maquinasOffline } from '../modules/maquinas/maquinas.jobs';
import { compactarMetricas } from '../modules/maquinas/metricas.jobs';
import { churnJob, limparAnomalias, procurarSuspeitas } from '../modules/ml/ml.jobs';
import { relatorioJob } from '../modules/relatorios/relatorios.jobs';
import { formatosBrasil, relatorioTipos } from '../modules/relatorios/relatorios.model';
import { createRelatorios } from '../modules/relatorios/relatorios.service';
import { createExecucoes } from '../modules/tarefas/execucao.service';
import { createTarefas } from '../modules/tarefas/tarefas.service';
import { createSchedules } from '../transport/cron/schedules';
import { createTicker } from '../transport/cron/ticker';
import type { Adapters } from './adapters';
import { composeBackups } from './backups';
import type { Events } from './events';
import type { Services } from './services';

export type Jobs = ReturnType<typeof composeJobs>;

export function composeJobs(adapters: Adapters, services: Services, events: Events) {
  const { settings, work, clock, ids, counters, onError } = adapters;
  const backups = composeBackups(adapters);
  const { timeZone } = settings;
  const formatos = formatosBrasil(timeZone);
  const { painel, emails } = services;
  const disponibilidade = createDisponibilidade(adapters);
  const relatorios = createRelatorios({
    work,
    ids,
    clock,
    painel,
    emails,
    formatos,
    timeZone,
    disponibilidade,
  });
  const jobs: Job[] = [
    maquinasOffline(services.presenca),
    comandosVencidos(services.comandos),
    licencasExpirando(services.vencimento.avisar),
    renovarAssinaturas(services.faturas.cobrar),
    limparAcesso(work, counters),
    compactarMetricas(services.metricas),
    limparEventos(events.retencao),
    churnJob(services.insight.churn),
    procurarSuspeitas(services.insight.suspeitas),
    limparAnomalias(services.insight.anomalias.limpar),
    backup(backups),
    simulacroRestauracao(backups),
    conferirBackups(backups),
    ...relatorioTipos.map((tipo) => relatorioJob(relatorios, tipo)),
  ];
  const schedules = createSchedules(settings.timeZone);
  const execucoes = createExecucoes(jobs, { work, clock, ids, schedules, onError: onError('tarefas') });
  const tarefas = createTarefas({ execucoes, schedules, clock, reader: work.reader });
  const ticker = createTicker(execucoes.tick);
  return {
    tarefas,
    execucoes,
    backups,
    relatorios,
    formatos,
    /** Starts what was missed while the server was stopped, then goes by the schedules. */
    async start(): Promise<void> {
      await execucoes.load();
      execucoes.tick();
      ticker.start();
    },
    async stop(): Promise<void> {
      ticker.stop();
      await execucoes.stop();
    },
  };
}
