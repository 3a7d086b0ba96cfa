/** Composition root: settings → adapters → services → transports; what starts when, and stops in the opposite order. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Elysia } from 'elysia';
import { secondMs, systemClock } from './core/clock';
import { uuidV7 } from './core/ids';
import { OperationalError } from './core/operational-error';
import type { Log } from './log';
import { authRoutes, setupRoutes } from './modules/acesso/acesso.routes';
import { createAcesso } from './modules/acesso/acesso.service';
import { createAdministrador } from './modules/acesso/administrador.service';
import { setupPages } from './modules/acesso/setup.http';
import { createTentativas } from './modules/acesso/tentativas';
import { clientesRoutes } from './modules/clientes/clientes.routes';
import { createClientes } from './modules/clientes/clientes.service';
import { lgpdRoutes } from './modules/clientes/lgpd.routes';
import { createLgpd } from './modules/clientes/lgpd.service';
import { faturasRoutes, pagamentosRoutes } from './modules/faturas/faturas.routes';
import { createFaturas } from './modules/faturas/faturas.service';
import { noPayments, standardWebhooks } from './modules/faturas/pagamento.http';
import { importacaoRoutes } from './modules/importacao/importacao.routes';
import { createImportacao } from './modules/importacao/importacao.service';
import { createArquivo } from './modules/licencas/arquivo.service';
import { createAtivacao } from './modules/licencas/ativacao.service';
import { createCalendario } from './modules/licencas/calendario.service';
import { chaveRoutes } from './modules/licencas/chave.routes';
import { createFlutuante } from './modules/licencas/flutuante.service';
import { createLicenceReader } from './modules/licencas/licencas.facts';
import { licencasRoutes } from './modules/licencas/licencas.routes';
import { createLicencas } from './modules/licencas/licencas.service';
import { createVencimento } from './modules/licencas/vencimento.service';
import { createVerificacao } from './modules/licencas/verificacao.service';
import { createVerificarHttp } from './modules/licencas/verificar.http';
import { createEstado } from './modules/maquinas/estado.service';
import { heartbeatRoutes } from './modules/maquinas/heartbeat.routes';
import { maquinasRoutes } from './modules/maquinas/maquinas.routes';
import { createMaquinas, touchMachines } from './modules/maquinas/maquinas.service';
import { createPainelMaquina } from './modules/maquinas/painel-maquina.service';
import { createPresenca } from './modules/maquinas/presenca.service';
import { planosRoutes } from './modules/planos/planos.routes';
import { createPlanos } from './modules/planos/planos.service';
import { produtosRoutes } from './modules/produtos/produtos.routes';
import { createProdutos } from './modules/produtos/produtos.service';
import { createRelay } from './relay/relay';
import { createSuspicions } from './relay/suspicions';
import type { Settings } from './settings';
import { lockDataFolder, prepareDataFolder } from './storage/data-folder';
import { createBrokerPersistence } from './storage/lmdb/broker-persistence';
import { openLmdb } from './storage/lmdb/open';
import { createSeriesStore } from './storage/lmdb/series';
import { openStores } from './stores';
import { createAccessTokens } from './transport/http/access-token';
import { createAuthenticate } from './transport/http/authenticate';
import { createIdempotency } from './transport/http/idempotency';
import { createPlatform } from './transport/http/kit/platform';
import { createRateLimiter } from './transport/http/kit/rate-limit';
import { openApiRoutes } from './transport/http/openapi';
import { createHttpHandler, type HttpServer, listenHttp } from './transport/http/server';
import { systemRoutes } from './transport/http/system.routes';
import { maySubscribe } from './transport/mqtt/acl';
import { changesMachineState, createBroker } from './transport/mqtt/broker';
import { listenMqtt, type MqttListener } from './transport/mqtt/listen';
import { createMachineMessages } from './transport/mqtt/topics';

/** Requests with a licence key, per address: an installation behind one address verifies often, a guesser oftener. */
const keyPolicy = { nome: 'chave', burst: 600, perSecond: 50 };
/** Failed MQTT connections per address. */
const mqttLoginPolicy = { nome: 'mqtt', burst: 30, perSecond: 0.5 };

export type App = Awaited<ReturnType<typeof createApp>>;

/** Opens the data folder and builds every part, without listening yet. @throws OperationalError */
export async function createApp(settings: Settings, log: Log) {
  // 1. Adapters.
  const clock = systemClock(settings.clockOffsetSeconds);
  const ids = uuidV7;
  const folder = prepareDataFolder(settings.data);
  const unlock = lockDataFolder(folder);
  const stores = await openStores(folder, clock).catch((error: unknown) => {
    unlock();
    throw error;
  });
  const { sqlite, keyring, work } = stores;
  const lmdb = openLmdb(folder.lmdb);
  const series = createSeriesStore(lmdb);
  const heartbeatIntervalMs = settings.heartbeatIntervalSeconds * secondMs;
  const addresses = { url: '', mqtt: '' };
  const mqttUrl = () => addresses.mqtt;

  // 2. Services.
  const licences = createLicenceReader(sqlite);
  const onError = (parte: string) => (error: unknown) => log.error({ err: error, parte }, 'background work failed');
  const accessTokens = createAccessTokens(keyring.jwtSecret, clock);
  const administrador = createAdministrador({ work, ids, keyring });
  const acesso = createAcesso({
    work,
    clock,
    ids,
    keyring,
    accessTokens,
    tentativas: createTentativas(clock),
    accessTtlSeconds: settings.tokenTtlSeconds,
    refreshTtlSeconds: settings.refreshTtlSeconds,
  });
  const clientes = createClientes({ work, ids, touchMachines: touchMachines.ofCliente });
  const faturas = createFaturas({
    work,
    clock,
    ids,
    timeZone: settings.timeZone,
    touchMachines: touchMachines.ofLicenca,
  });
  const licencas = createLicencas({
    work,
    clock,
    ids,
    keyring,
    touchMachines: touchMachines.ofLicenca,
    billFirst: faturas.billFirst,
  });
  const produtos = createProdutos({ work, ids });
  const planos = createPlanos({ work, clock, ids, touchMachines: touchMachines.ofPlano });
  const estado = createEstado({ sqlite, work, licences, keyring, clock, onError: onError('estado') });
  const flutuante = createFlutuante({
    work,
    clock,
    licences,
    heartbeatIntervalMs,
    licencaOf: (maquinaId) => estado.load(maquinaId)?.maquina.licenca_id ?? null,
  });
  const ativacao = createAtivacao({ work, ids, keyring, leasedUntil: flutuante.leasedUntil });
  const arquivo = createArquivo({ work, keyring, clock });
  const lgpd = createLgpd({ work, clock });
  const importacao = createImportacao({ work, folder: join(folder.path, 'importar') });
  const vencimento = createVencimento({ work, clock });
  const verificacao = createVerificacao({ licences, keyring, clock });
  const calendario = createCalendario({
    work,
    clock,
    touchMachines: touchMachines.ofLicenca,
    cobrar: faturas.cobrar,
    avisar: vencimento.avisar,
    onError: onError('calendario'),
  });
  const maquinas = createMaquinas({ work, clock, keyring, ativacao, series });
  const presenca = createPresenca({
    work,
    series,
    clock,
    heartbeatIntervalMs,
    seat: (id) => flutuante.heard(id),
    onError: onError('presenca'),
  });
  const painel = createPainelMaquina({ work, series, clock, heartbeatIntervalMs });
  const suspicions = createSuspicions({ work, clock, onError: onError('suspeitas') });
  work.onCommit((commit) => verificacao.onCommit(commit));
  work.onCommit((commit) => flutuante.onCommit(commit));

  // 3. Transports.
  const mqttLogins = createRateLimiter(clock, mqttLoginPolicy, settings.rateLimit);
  const broker = await createBroker({
    persistence: createBrokerPersistence({
      root: lmdb,
      clock,
      maySubscribe,
      onDrop: (maquinaId, perdidas) =>
        log.warn({ maquina_id: maquinaId, perdidas }, 'queue full: oldest messages dropped'),
    }),
    clock,
    messages: createMachineMessages({
      presenca,
      estado,
      onInvalid: (maquinaId, topico, problem) =>
        log.warn(
          { maquina_id: maquinaId, topico, codigo: problem.codigo, detalhe: problem.message },
          'invalid message dropped',
        ),
    }),
    estado,
    presenca,
    keyring,
    logins: {
      allowed: (ip) => mqttLogins.available(ip),
      failed: (ip) => mqttLogins.spend(ip),
    },
    onSuspicion: (suspicion) => {
      log.warn(suspicion, 'suspicious act');
      suspicions.report(suspicion);
    },
    onError: (error, maquinaId) => log.error({ err: error, maquina_id: maquinaId }, 'MQTT work failed'),
  });
  const relay = createRelay({
    work,
    writer: sqlite.writer,
    clock,
    onError: (error, reaction, event) => log.error({ err: error, reaction, evento: event?.id }, 'reaction failed'),
  });
  relay.register({
    nome: 'estado-mqtt',
    wants: changesMachineState,
    handle: async (event) => {
      for await (const batch of estado.affectedBy(event)) for (const maquinaId of batch) await broker.tell(maquinaId);
    },
  });
  const platform = createPlatform(createAuthenticate({ acesso, estado, keyring }));
  const limiter = createRateLimiter(clock, keyPolicy, settings.rateLimit);
  const { paymentSecret } = settings;
  const verifyPayment = paymentSecret ? standardWebhooks(paymentSecret) : noPayments;
  const verificar = createVerificarHttp(verificacao, limiter);
  const routes = new Elysia({ name: 'routes' })
    .use(
      new Elysia({ prefix: '/api/v1' })
        .use(authRoutes(platform, acesso))
        .use(setupRoutes(platform, administrador))
        .use(importacaoRoutes({ platform, importacao, clientes, licencas, reader: sqlite.reader, clock }))
        .use(clientesRoutes(platform, clientes))
        .use(lgpdRoutes({ platform, lgpd, clock, lastSeen: presenca.lastSeen }))
        .use(chaveRoutes({ platform, ativacao, verificacao, verificar, limiter, clock, mqttUrl }))
        .use(licencasRoutes(platform, licencas, arquivo, clock))
        .use(produtosRoutes(platform, produtos))
        .use(planosRoutes(platform, planos))
        .use(faturasRoutes(platform, faturas))
        .use(pagamentosRoutes(platform, faturas, verifyPayment))
        .use(
          heartbeatRoutes({
            platform,
            presenca,
            estado,
            clock,
            heartbeatIntervalSeconds: settings.heartbeatIntervalSeconds,
          }),
        )
        .use(maquinasRoutes({ platform, maquinas, licencas, painel, ativacao, presenca, limiter, clock, mqttUrl })),
    )
    .use(
      systemRoutes(keyring, [
        { nome: 'sqlite', check: () => void sqlite.readerHandle.query('SELECT 1').get() },
        { nome: 'lmdb', check: () => void series.lastSeen('00000000-0000-7000-8000-000000000000') },
      ]),
    )
    .use(setupPages(administrador))
    .use(openApiRoutes());
  const handler = createHttpHandler({
    routes,
    platform,
    idempotency: createIdempotency({ writer: sqlite.writer, reader: sqlite.reader, keyring, clock }),
    verificar,
    clock,
    ids,
    onBug: (error, request) => log.error({ err: error, ...request }, 'unexpected error'),
  });

  let http: HttpServer | null = null;
  let mqtt: MqttListener | null = null;

  return {
    handler,
    services: { administrador, clientes, licencas },

    /** Listens, and begins the work in the background. @returns the addresses of both ports. */
    async start(): Promise<{ url: string; mqtt: string }> {
      if (settings.adminEmail && settings.adminPassword && !(await administrador.exists())) {
        await administrador.definir('ambiente', settings.adminEmail, settings.adminPassword);
      }
      const tls = readTls(settings);
      await flutuante.start();
      await presenca.start();
      await calendario.start();
      mqtt = await listenMqtt(broker, { host: settings.mqttHost || settings.host, port: settings.mqttPort, tls });
      addresses.mqtt = mqtt.url;
      http = listenHttp(handler, { host: settings.host, port: settings.port, tls });
      addresses.url = http.url;
      relay.start();
      return { ...addresses };
    },

    /** Stops accepting, lets what is under way finish, and closes the stores. */
    async stop(): Promise<void> {
      await http?.stop();
      const stopped = mqtt?.stop();
      await broker.close();
      await stopped;
      await calendario.stop();
      await relay.stop();
      await presenca.stop();
      await estado.settled();
      await lmdb.close();
      await stores.close();
      unlock();
    },
  };
}

/** @throws OperationalError when only half of the pair is given or a file cannot be read. */
function readTls({ tlsCert, tlsKey }: Settings): { cert: string; key: string } | null {
  if (!tlsCert && !tlsKey) return null;
  if (!tlsCert || !tlsKey) throw new OperationalError('TLS needs both NARCIDI_TLS_CERT and NARCIDI_TLS_KEY');
  try {
    return { cert: readFileSync(tlsCert, 'utf8'), key: readFileSync(tlsKey, 'utf8') };
  } catch (error) {
    throw new OperationalError(
      `the TLS files cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
