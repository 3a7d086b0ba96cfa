/**
 * The routes below `/api/v1`, by subject. Their types are what the web UI's client is made of; as one chain they would be
 * deeper than TypeScript follows.
 */

import { Elysia } from 'elysia';
import { authRoutes, setupRoutes } from '../modules/acesso/acesso.routes';
import { chavesApiRoutes } from '../modules/acesso/chaves-api.routes';
import {
  minhasSessoesRoutes,
  segundoFatorRoutes,
  senhaRoutes,
  sessoesDeUsuarioRoutes,
} from '../modules/acesso/conta.routes';
import { navegadorRoutes } from '../modules/acesso/navegador.routes';
import { perfisRoutes } from '../modules/acesso/perfis.routes';
import { usuariosRoutes } from '../modules/acesso/usuarios.routes';
import { alertasRoutes } from '../modules/alertas/alertas.routes';
import { regrasRoutes } from '../modules/alertas/regras.routes';
import { auditoriaRoutes } from '../modules/auditoria/auditoria.routes';
import { historicoRoutes } from '../modules/auditoria/historico.routes';
import { restauracaoRoutes } from '../modules/auditoria/restauracao.routes';
import { backupsRoutes } from '../modules/backups/backups.routes';
import { clientesRoutes } from '../modules/clientes/clientes.routes';
import { lgpdRoutes } from '../modules/clientes/lgpd.routes';
import { configuracoesRoutes } from '../modules/configuracoes/configuracoes.routes';
import { eventosRoutes } from '../modules/eventos/eventos.routes';
import { createStream } from '../modules/eventos/stream.http';
import { faturasRoutes, pagamentosRoutes } from '../modules/faturas/faturas.routes';
import { noPayments, standardWebhooks } from '../modules/faturas/pagamento.http';
import { importacaoRoutes } from '../modules/importacao/importacao.routes';
import { chaveRoutes } from '../modules/licencas/chave.routes';
import { licencasRoutes } from '../modules/licencas/licencas.routes';
import type { VerificarHttp } from '../modules/licencas/verificar.http';
import { logsRoutes } from '../modules/logs/logs.routes';
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
import type { CheckHttp } from '../modules/versoes/check.http';
import { webhooksRoutes } from '../modules/webhooks/webhooks.routes';
import type { Platform } from '../transport/http/kit/platform';
import type { RateLimiter } from '../transport/http/kit/rate-limit';
import type { Adapters } from './adapters';
import type { Events } from './events';
import type { Jobs } from './jobs';
import { restauraveis } from './restauracao';
import type { Services } from './services';
import { versionRoutes } from './versoes';

const prefix = '/api/v1';

export interface ApiParts {
  adapters: Adapters;
  services: Services;
  jobs: Jobs;
  events: Events;
  platform: Platform;
  limiter: RateLimiter;
  verificar: VerificarHttp;
  check: CheckHttp;
  /** Is told of every call with a licence key that does not exist. */
  onUnknownKey(ip: string | null): void;
}

/** Who may come in, and what they did. */
export function accessApi({ platform, services }: ApiParts) {
  const { acesso, administrador } = services;
  return new Elysia({ prefix })
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
    .use(restauracaoRoutes(platform, services.historico, restauraveis(services)));
}

/** What is sold, and to whom. */
export function commerceApi({ adapters, services, platform, limiter, verificar, onUnknownKey }: ApiParts) {
  const { settings, clock, sqlite, addresses } = adapters;
  const { clientes, licencas, ativacao, verificacao, importacao, lgpd, presenca } = services;
  const { paymentSecret } = settings;
  const verifyPayment = paymentSecret ? standardWebhooks(paymentSecret) : noPayments;
  const mqttUrl = () => addresses.mqtt;
  return new Elysia({ prefix })
    .use(importacaoRoutes({ platform, importacao, clientes, licencas, reader: sqlite.reader, clock }))
    .use(clientesRoutes(platform, clientes))
    .use(lgpdRoutes({ platform, lgpd, clock, heard: presenca.heard }))
    .use(chaveRoutes({ platform, ativacao, verificacao, verificar, limiter, onUnknownKey, clock, mqttUrl }))
    .use(licencasRoutes(platform, licencas, services.arquivo, clock))
    .use(produtosRoutes(platform, services.produtos))
    .use(planosRoutes(platform, services.planos))
    .use(faturasRoutes(platform, services.faturas))
    .use(pagamentosRoutes(platform, services.faturas, verifyPayment));
}

/** Where it runs, in which version, and what that tells. */
export function machinesApi({ adapters, services, events, platform, limiter, check }: ApiParts) {
  const { settings, clock, addresses } = adapters;
  const { licencas, estado, presenca, maquinas, ativacao, painelMaquina: painel } = services;
  const { heartbeatIntervalSeconds, uploadBytesMax: bytesMax } = settings;
  const mqttUrl = () => addresses.mqtt;
  const { heard } = presenca;
  return new Elysia({ prefix })
    .use(versionRoutes({ platform, services: services.versoes, bytesMax, limiter, check }))
    .use(heartbeatRoutes({ platform, presenca, estado, clock, heartbeatIntervalSeconds }))
    .use(frotaRoutes(platform, services.frota))
    .use(comandosRoutes({ platform, comandos: services.comandos, clock }))
    .use(maquinasRoutes({ platform, maquinas, ativacao, presenca, limiter, clock, mqttUrl }))
    .use(painelRoutes(platform, services.painel))
    .use(mlRoutes({ platform, ...services.insight }))
    .use(painelMaquinaRoutes({ platform, licencas, painel, alertas: events.alertas, clock, heard }));
}

/** What happens by itself, and who is told. */
export function operationApi({ jobs, events, platform, services }: ApiParts) {
  const { eventos, authenticate } = events;
  return new Elysia({ prefix })
    .use(configuracoesRoutes(platform, services.configuracoes))
    .use(logsRoutes(platform, services.logs))
    .use(tarefasRoutes(platform, jobs.tarefas))
    .use(eventosRoutes({ platform, eventos, stream: createStream(events), authenticate }))
    .use(backupsRoutes(platform, jobs.backups))
    .use(relatoriosRoutes(platform, jobs.relatorios, jobs.formatos))
    .use(webhooksRoutes(platform, events.webhooks, events.entregas))
    .use(regrasRoutes(platform, events.regras))
    .use(alertasRoutes(platform, events.alertas));
}

export type AccessApi = ReturnType<typeof accessApi>;
export type CommerceApi = ReturnType<typeof commerceApi>;
export type MachinesApi = ReturnType<typeof machinesApi>;
export type OperationApi = ReturnType<typeof operationApi>;
