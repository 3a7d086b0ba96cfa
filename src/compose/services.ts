/** Every use case of the product, each a factory over a few named dependencies. Transports and the relay stand on these. */

import { join } from 'node:path';
import { createAbertura } from '../modules/alertas/abertura.service';
import { createMedidas } from '../modules/alertas/medidas.service';
import { createClientes } from '../modules/clientes/clientes.service';
import { createLgpd } from '../modules/clientes/lgpd.service';
import type { Configuracao } from '../modules/configuracoes/configuracoes.model';
import { createConfiguracoes } from '../modules/configuracoes/configuracoes.service';
import { createEmails } from '../modules/emails/emails.service';
import { createFaturas } from '../modules/faturas/faturas.service';
import { createImportacao } from '../modules/importacao/importacao.service';
import { createArquivo } from '../modules/licencas/arquivo.service';
import { createAtivacao } from '../modules/licencas/ativacao.service';
import { createCalendario } from '../modules/licencas/calendario.service';
import { createFlutuante } from '../modules/licencas/flutuante.service';
import { createLicenceReader } from '../modules/licencas/licencas.facts';
import { createLicencas } from '../modules/licencas/licencas.service';
import { createVencimento } from '../modules/licencas/vencimento.service';
import { createVerificacao } from '../modules/licencas/verificacao.service';
import { createLogs } from '../modules/logs/logs.service';
import { createComandos } from '../modules/maquinas/comandos.service';
import { createEstado } from '../modules/maquinas/estado.service';
import { createFrota } from '../modules/maquinas/frota.service';
import { createMaquinas, touchMachines } from '../modules/maquinas/maquinas.service';
import { createMetricas } from '../modules/maquinas/metricas.service';
import { createPainelMaquina } from '../modules/maquinas/painel-maquina.service';
import { createPresenca } from '../modules/maquinas/presenca.service';
import { createPainel } from '../modules/painel/painel.service';
import { createPlanos } from '../modules/planos/planos.service';
import { createProdutos } from '../modules/produtos/produtos.service';
import { createSuspicions } from '../relay/suspicions';
import { createSmtpMailer } from '../transport/smtp/mailer';
import { createAccessServices } from './access';
import type { Adapters } from './adapters';
import { createInsight, watchedSeries } from './insight';
import { createVersionServices } from './versoes';

export type Services = ReturnType<typeof createServices>;

/** @param configuracoes the effective settings, to be shown. */
export function createServices(adapters: Adapters, configuracoes: readonly Configuracao[]) {
  const { settings, sqlite, keyring, work, clock, ids, heartbeatIntervalMs, folder, onError } = adapters;

  // Mail, which several others send.
  const emails = createEmails({
    work,
    ids,
    keyring,
    clock,
    mailer: settings.smtpUrl ? createSmtpMailer(settings.smtpUrl, settings.mailFrom) : null,
    idioma: settings.mailLanguage,
    destinatarios: settings.mailTo,
    onError: onError('emails'),
  });

  // Access.
  const access = createAccessServices(adapters, emails);
  const suspicions = createSuspicions({ work, clock, onError: onError('suspeitas') });

  // Predictions, and what they count of the rest.
  const insight = createInsight(adapters);
  const refused = insight.recusas.note;
  const abertura = createAbertura(ids);
  const medidas = createMedidas({ work, clock, abertura });
  const series = watchedSeries(adapters.series, {
    heard: (maquinaId, points) => {
      const last = points.at(-1);
      if (last) insight.relogios.heard(maquinaId, last.em, insight.anomalias.newest(maquinaId));
      insight.anomalias.heard(maquinaId, points);
      medidas.observar(maquinaId, points);
    },
    forget: insight.anomalias.forget,
  });

  // Customers, licences, money.
  const licences = createLicenceReader(sqlite);
  const clientes = createClientes({ work, ids, touchMachines: touchMachines.ofCliente });
  const lgpd = createLgpd({ work, clock });
  const produtos = createProdutos({ work, ids });
  const planos = createPlanos({ work, clock, ids, touchMachines: touchMachines.ofPlano });
  const { timeZone } = settings;
  const faturas = createFaturas({ work, clock, ids, timeZone, touchMachines: touchMachines.ofLicenca });
  const licencas = createLicencas({
    work,
    clock,
    ids,
    keyring,
    touchMachines: touchMachines.ofLicenca,
    billFirst: faturas.billFirst,
  });
  const arquivo = createArquivo({ work, keyring, clock });
  const vencimento = createVencimento({ work, clock });
  const verificacao = createVerificacao({ licences, keyring, clock, refused });
  const importacao = createImportacao({ work, folder: join(folder.path, 'importar') });
  const calendario = createCalendario({
    work,
    clock,
    touchMachines: touchMachines.ofLicenca,
    cobrar: faturas.cobrar,
    avisar: vencimento.avisar,
    onError: onError('calendario'),
  });

  // Machines.
  const estado = createEstado({ sqlite, work, licences, keyring, clock, onError: onError('estado') });
  const comandos = createComandos({ sqlite, work, clock, ids, onError: onError('comandos') });
  const flutuante = createFlutuante({
    work,
    clock,
    licences,
    heartbeatIntervalMs,
    licencaOf: (maquinaId) => estado.load(maquinaId)?.maquina.licenca_id ?? null,
  });
  const ativacao = createAtivacao({ work, ids, keyring, leasedUntil: flutuante.leasedUntil, refused });
  const maquinas = createMaquinas({ work, clock, keyring, ativacao, series });
  const frota = createFrota({ work, clock, comandos });
  const presenca = createPresenca({
    work,
    series,
    clock,
    heartbeatIntervalMs,
    seat: (id) => flutuante.heard(id),
    onError: onError('presenca'),
  });
  const metricas = createMetricas({ work, series });
  const painelMaquina = createPainelMaquina({
    work,
    series,
    clock,
    heartbeatIntervalMs,
    anomalias: insight.anomalias.marcadas,
  });

  const versoes = createVersionServices(adapters, licences, estado);

  const painel = createPainel({ work, clock, timeZone });

  // A commit outdates what rests on it before it is acknowledged.
  work.onCommit((commit) => verificacao.onCommit(commit));
  work.onCommit((commit) => flutuante.onCommit(commit));

  return {
    emails,
    abertura,
    medidas,
    ...access,
    suspicions,
    clientes,
    lgpd,
    configuracoes: createConfiguracoes({ work, emails, configuracoes, folder: folder.path }),
    logs: createLogs({ work, folder: folder.logs, parts: adapters.logParts }),
    produtos,
    planos,
    faturas,
    licencas,
    arquivo,
    vencimento,
    verificacao,
    importacao,
    calendario,
    estado,
    comandos,
    flutuante,
    ativacao,
    maquinas,
    frota,
    presenca,
    metricas,
    painelMaquina,
    versoes,
    insight,
    painel,
  };
}
