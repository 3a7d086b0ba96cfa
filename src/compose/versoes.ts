/** Versions: their services, and their routes over them. */

import { Elysia } from 'elysia';
import type { LicenceReader } from '../modules/licencas/licencas.facts';
import type { Estado } from '../modules/maquinas/estado.service';
import { adocaoRoutes } from '../modules/versoes/adocao.routes';
import { createAdocoes } from '../modules/versoes/adocao.service';
import { atualizacaoRoutes } from '../modules/versoes/atualizacao.routes';
import { createAtualizacoes } from '../modules/versoes/atualizacao.service';
import { createCatalogo } from '../modules/versoes/catalogo.service';
import { createChamadores } from '../modules/versoes/chamadores.service';
import type { CheckHttp } from '../modules/versoes/check.http';
import { createDownloads } from '../modules/versoes/download.service';
import { createEnderecos } from '../modules/versoes/enderecos.service';
import { envioRoutes } from '../modules/versoes/envio.routes';
import { feedsRoutes } from '../modules/versoes/feeds.routes';
import { createFeeds } from '../modules/versoes/feeds.service';
import { fixacoesRoutes } from '../modules/versoes/fixacoes.routes';
import { createFixacoes } from '../modules/versoes/fixacoes.service';
import { fixadaReader } from '../modules/versoes/fixacoes.store';
import { createProgresso } from '../modules/versoes/progresso.service';
import { createTransferencias } from '../modules/versoes/transferencias.service';
import { versoesRoutes } from '../modules/versoes/versoes.routes';
import { createVersoes } from '../modules/versoes/versoes.service';
import { openContentStore } from '../storage/files/content-store';
import type { Platform } from '../transport/http/kit/platform';
import type { RateLimiter } from '../transport/http/kit/rate-limit';
import type { Adapters } from './adapters';

export type VersionServices = ReturnType<typeof createVersionServices>;

export function createVersionServices(adapters: Adapters, licences: LicenceReader, estado: Estado) {
  const { sqlite, keyring, work, clock, ids, folder, onError } = adapters;
  const files = openContentStore(folder.versoes);
  const catalogo = createCatalogo({ work });
  const enderecos = createEnderecos({ keyring, clock });
  const chamadores = createChamadores({ licences, machine: estado.load, keyring, clock });
  const fixada = fixadaReader(sqlite.readerHandle, sqlite.reader);
  work.onCommit((commit) => catalogo.onCommit(commit));
  const atualizacoes = createAtualizacoes({ work, catalogo, enderecos, fixada });
  return {
    files,
    chamadores,
    versoes: createVersoes({ work, ids, keyring, files }),
    atualizacoes,
    feeds: createFeeds({ atualizacoes }),
    downloads: createDownloads({ work, files, chamadores, enderecos }),
    adocoes: createAdocoes({ work }),
    fixacoes: createFixacoes({ work, ids }),
    progresso: createProgresso({ clock }),
    transferencias: createTransferencias({ onError: onError('downloads') }),
  };
}

interface RouteDependencies {
  platform: Platform;
  services: VersionServices;
  bytesMax: number;
  limiter: RateLimiter;
  check: CheckHttp;
}

export function versionRoutes({ platform, services, bytesMax, limiter, check }: RouteDependencies) {
  const { versoes, files, progresso, transferencias, atualizacoes, chamadores, downloads, feeds } = services;
  const sending = { platform, chamadores, downloads, transferencias, limiter };
  return new Elysia({ name: 'versoes' })
    .use(envioRoutes({ platform, versoes, files, bytesMax, progresso }))
    .use(versoesRoutes({ platform, versoes, transferencias }))
    .use(adocaoRoutes(platform, services.adocoes))
    .use(feedsRoutes({ ...sending, feeds }))
    .use(fixacoesRoutes(platform, services.fixacoes))
    .use(atualizacaoRoutes({ ...sending, atualizacoes, check }));
}
