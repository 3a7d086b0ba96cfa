/** Every HTTP route over the services, and the one handler in front of them. */

import { Elysia } from 'elysia';
import { authRoutes, setupRoutes } from '../modules/acesso/acesso.routes';
import { chavesApiRoutes } from '../modules/acesso/chaves-api.routes';
import {
  minhasSessoesRoutes,
  segundoFatorRoutes,
  senhaRoutes,
  sessoesDeUsuarioRoutes,
} from '../modules/acesso/conta.routes';
import { discoveryRoutes } from '../modules/acesso/discovery.routes';
import { navegadorRoutes } from '../modules/acesso/navegador.routes';
import { perfisRoutes } from '../modules/acesso/perfis.routes';
import { redefinirPages } from '../modules/acesso/redefinir.http';
import { setupPages } from '../modules/acesso/setup.http';
import { usuariosRoutes } from '../modules/acesso/usuarios.routes';
import { alertasRoutes } from '../modules/alertas/alertas.routes';
import { regrasRoutes } from '../modules/alertas/regras.routes';
import { auditoriaRoutes } from '../modules/auditoria/auditoria.routes';
import { historicoRoutes } from '../modules/auditoria/historico.routes';
import { backupsRoutes } from '../modules/backups/backups.routes';
import { clientesRoutes } from '../modules/clientes/clientes.routes';
import { lgpdRoutes } from '../modules/clientes/lgpd.routes';
import { eventosRoutes } from '../modules/eventos/eventos.routes';
import { createStream } from '../modules/eventos/stream.http';
import { faturasRoutes, pagamentosRoutes } from '../modules/faturas/faturas.routes';
import { noPayments, standardWebhooks } from '../modules/faturas/pagamento.http';
import { importacaoRoutes } from '../modules/importacao/importacao.routes';
import { chaveRoutes } from '../modules/licencas/chave.routes';
import { licencasRoutes } from '../modules/licencas/licencas.routes';
import { createVerificarHttp, verificarPrefix } from '../modules/licencas/verificar.http';
import { comandosRoutes } from '../modules/maquinas/comandos.routes';
import { frotaRoutes } from '../modules/maquinas/frota.routes';
import { heartbeatRoutes } from '../modules/maquinas/heartbeat.routes';
import { maquinasRoutes } from '../modules/maquinas/maquinas.routes';
import { painelMaquinaRoutes } from '../modules/maquinas/painel-maquina.routes';
import { mlRoutes } from '../modules/ml/ml.routes';
import { painelRoutes } from '../modules/painel/painel.routes';
import { planosRoutes } from '../modules/planos/planos.routes';
import { produtosRoutes } from '../modules/produtos/produtos.routes';
import { relatoriosRoutes } from '../modules/relatorios/relatorios.routes';
import { tarefasRoutes } from '../modules/tarefas/tarefas.routes';
import { createCheckHttp } from '../modules/versoes/check.http';
import { webhooksRoutes } from '../modules/webhooks/webhooks.routes';
import { createApiLimits } from '../transport/http/api-limits';
import { createIdempotency } from '../transport/http/idempotency';
import { createKeyGuesses } from '../transport/http/key-guesses';
import { createPlatform } from '../transport/http/kit/platform';
import { createRateLimiter } from '../transport/http/kit/rate-limit';
import { measured } from '../transport/http/measure';
import { metricsRoutes } from '../transport/http/metrics.routes';
import { openApiRoutes } from '../transport/http/openapi';
import { createHttpHandler, type HttpHandler } from '../transport/http/server';
import { systemRoutes } from '../transport/http/system.routes';
import type { Adapters } from './adapters';
import type { Events } from './events';
import type { Jobs } from './jobs';
import type { Metrics } from './metrics';
import { operationChecks } from './operation-checks';
import type { Services } from './services';
import { versionRoutes } from './versoes';

/** Requests with a licence key, per address: an installation behind one address verifies often, a guesser oftener. */
const keyPolicy = { nome: 'chave', burst: 600, perSecond: 50 };
/** No machine has this id; asking for it shows that the store answers. */
const nobody = '00000000-0000-7000-8000-000000000000';

interface Composed {
  adapters: Adapters;
  services: Services;
  jobs: Jobs;
  events: Events;
  metrics: Metrics;
}

export function composeHttp({ adapters, services, jobs, events, metrics }: Composed): HttpHandler {
  const { settings, log, clock, ids, sqlite, work, keyring, series, addresses } = adapters;
  const { acesso, administrador, clientes, licencas, estado, presenca, maquinas, ativacao, verificacao } = services;
  const { authenticate } = events;
  const platform = createPlatform(authenticate);
  const limiter = createRateLimiter(clock, keyPolicy, settings.rateLimit);
  const { counters } = adapters;
  const report = services.suspicions.report;
  const onUnknownKey = createKeyGuesses({ limiter, counters, clock, report });
  const verificar = createVerificarHttp(verificacao, limiter, onUnknownKey);
  const check = createCheckHttp({ clock, limiter, endereco: services.versoes.atualizacoes.endereco });
  work.onCommit((commit) => check.onCommit(commit));
  const { paymentSecret, heartbeatIntervalSeconds } = settings;
  const verifyPayment = paymentSecret ? standardWebhooks(paymentSecret) : noPayments;
  const mqttUrl = () => addresses.mqtt;
  const painel = services.painelMaquina;
  const { heard } = presenca;

  const api = new Elysia({ prefix: '/api/v1' })
    .use(authRoutes(platform, acesso))
    .use(setupRoutes(platform, administrador))
    .use(senhaRoutes(platform, services.recuperacao))
    .use(segundoFatorRoutes(platform, services.segundoFator))
    .use(minhasSessoesRoutes(platform, services.sessoesAbertas))
    .use(sessoesDeUsuarioRoutes(platform, services.sessoesAbertas, services.segundoFator))
    .use(navegadorRoutes(platform, services.navegador))
    .use(usuariosRoutes(platform, services.usuarios))
    .use(perfisRoutes(platform, services.perfis))
    .use(chavesApiRoutes(platform, services.chavesApi))
    .use(auditoriaRoutes(platform, services.auditoria))
    .use(historicoRoutes(platform, services.historico))
    .use(
      importacaoRoutes({
        platform,
        importacao: services.importacao,
        clientes,
        licencas,
        reader: sqlite.reader,
        clock,
      }),
    )
    .use(clientesRoutes(platform, clientes))
    .use(lgpdRoutes({ platform, lgpd: services.lgpd, clock, heard }))
    .use(chaveRoutes({ platform, ativacao, verificacao, verificar, limiter, onUnknownKey, clock, mqttUrl }))
    .use(licencasRoutes(platform, licencas, services.arquivo, clock))
    .use(produtosRoutes(platform, services.produtos))
    .use(planosRoutes(platform, services.planos))
    .use(faturasRoutes(platform, services.faturas))
    .use(tarefasRoutes(platform, jobs.tarefas))
    .use(eventosRoutes({ platform, eventos: events.eventos, stream: createStream(events), authenticate }))
    .use(backupsRoutes(platform, jobs.backups))
    .use(relatoriosRoutes(platform, jobs.relatorios, jobs.formatos))
    .use(webhooksRoutes(platform, events.webhooks, events.entregas))
    .use(regrasRoutes(platform, events.regras))
    .use(alertasRoutes(platform, events.alertas))
    .use(pagamentosRoutes(platform, services.faturas, verifyPayment))
    .use(versionRoutes({ platform, services: services.versoes, bytesMax: settings.uploadBytesMax, limiter, check }))
    .use(heartbeatRoutes({ platform, presenca, estado, clock, heartbeatIntervalSeconds }))
    .use(frotaRoutes(platform, services.frota))
    .use(comandosRoutes({ platform, comandos: services.comandos, clock }))
    .use(maquinasRoutes({ platform, maquinas, ativacao, presenca, limiter, clock, mqttUrl }))
    .use(painelRoutes(platform, services.painel))
    .use(mlRoutes({ platform, ...services.insight }))
    .use(painelMaquinaRoutes({ platform, licencas, painel, alertas: events.alertas, clock, heard }));

  const routes = new Elysia({ name: 'routes' })
    .use(api)
    .use(
      systemRoutes(keyring, [
        { nome: 'sqlite', check: () => void sqlite.readerHandle.query('SELECT 1').get() },
        { nome: 'lmdb', check: () => void series.lastSeen(nobody) },
        ...operationChecks(adapters, events, jobs),
      ]),
    )
    .use(discoveryRoutes(() => settings.publicUrl || addresses.url))
    .use(setupPages(administrador))
    .use(redefinirPages(services.recuperacao))
    .use(metricsRoutes(platform, metrics.text))
    .use(openApiRoutes());
  const handler = createHttpHandler({
    routes,
    platform,
    idempotency: createIdempotency({ writer: sqlite.writer, reader: sqlite.reader, keyring, clock }),
    verificar,
    limits: createApiLimits(clock, settings.rateLimit),
    onUnknownKey,
    check,
    clock,
    ids,
    onBug: (error, request) => log.error({ err: error, ...request }, 'unexpected error'),
  });
  const paths = routes.routes.map(({ path }) => path);
  return measured(handler, metrics.registry, [...paths, `${verificarPrefix}:chave`]);
}
