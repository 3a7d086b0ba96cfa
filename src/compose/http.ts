/** Every HTTP route over the services, and the one handler in front of them. */

import { Elysia } from 'elysia';
import { discoveryRoutes } from '../modules/acesso/discovery.routes';
import { redefinirPages } from '../modules/acesso/redefinir.http';
import { createVerificarHttp, verificarPrefix } from '../modules/licencas/verificar.http';
import { createCheckHttp } from '../modules/versoes/check.http';
import { createApiLimits } from '../transport/http/api-limits';
import { docsRoutes } from '../transport/http/docs.routes';
import { createIdempotency } from '../transport/http/idempotency';
import { createKeyGuesses } from '../transport/http/key-guesses';
import { createPlatform } from '../transport/http/kit/platform';
import { createRateLimiter } from '../transport/http/kit/rate-limit';
import { logged } from '../transport/http/logged';
import { measured } from '../transport/http/measure';
import { metricsRoutes } from '../transport/http/metrics.routes';
import { openApiRoutes } from '../transport/http/openapi/openapi.routes';
import { createHttpHandler, type HttpHandler } from '../transport/http/server';
import { systemRoutes } from '../transport/http/system.routes';
import { uiRoutes } from '../transport/http/ui.routes';
import type { Adapters } from './adapters';
import { accessApi, commerceApi, machinesApi, operationApi } from './api';
import type { Events } from './events';
import type { Jobs } from './jobs';
import type { Metrics } from './metrics';
import { operationChecks } from './operation-checks';
import type { Services } from './services';
import { storeChecks } from './store-health';

/** Requests with a licence key, per address: an installation behind one address verifies often, a guesser oftener. */
const keyPolicy = { nome: 'chave', burst: 600, perSecond: 50 };

interface Composed {
  adapters: Adapters;
  services: Services;
  jobs: Jobs;
  events: Events;
  metrics: Metrics;
}

export function composeHttp({ adapters, services, jobs, events, metrics }: Composed): HttpHandler {
  const { settings, logParts, clock, ids, work, keyring, addresses } = adapters;
  const log = logParts.of('http');
  const { verificacao } = services;
  const { authenticate } = events;
  const platform = createPlatform(authenticate);
  const limiter = createRateLimiter(clock, keyPolicy, settings.rateLimit);
  const { counters } = adapters;
  const report = services.suspicions.report;
  const onUnknownKey = createKeyGuesses({ limiter, counters, clock, report });
  const verificar = createVerificarHttp(verificacao, limiter, onUnknownKey);
  const check = createCheckHttp({ clock, limiter, endereco: services.versoes.atualizacoes.endereco });
  work.onCommit((commit) => check.onCommit(commit));
  const parts = { adapters, services, jobs, events, platform, limiter, verificar, check, onUnknownKey };
  const routes = new Elysia({ name: 'routes' })
    .use(accessApi(parts))
    .use(commerceApi(parts))
    .use(machinesApi(parts))
    .use(operationApi(parts))
    .use(systemRoutes(keyring, [...storeChecks(adapters), ...operationChecks(adapters, events, jobs)]))
    .use(discoveryRoutes(() => settings.publicUrl || addresses.url))
    .use(redefinirPages(services.recuperacao))
    .use(metricsRoutes(platform, metrics.text))
    .use(openApiRoutes())
    .use(docsRoutes())
    .use(uiRoutes());
  const handler = createHttpHandler({
    routes,
    platform,
    idempotency: createIdempotency({ work, keyring, clock }),
    verificar,
    limits: createApiLimits(clock, settings.rateLimit),
    onUnknownKey,
    check,
    clock,
    ids,
    onBug: (error, request) => log.error({ err: error, ...request }, 'unexpected error'),
  });
  const paths = routes.routes.map(({ path }) => path);
  return logged(measured(handler, metrics.registry, [...paths, `${verificarPrefix}:chave`]), log);
}
