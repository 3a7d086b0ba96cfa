/**
 * `/uploads/feeds/electron/{chave}/` and `/uploads/feeds/tauri/{chave}/`: the address an updater is configured with. The
 * licence key stands in it, or is `-` there and comes in the header `X-Licenca`, or a machine's token in `Authorization`.
 */

import { Elysia, t } from 'elysia';
import { dump } from 'js-yaml';
import { Problem } from '../../core/problem';
import { anonymous, contextOf } from '../../transport/http/kit/context';
import type { Platform } from '../../transport/http/kit/platform';
import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import { answers, docs, oneOf, timestamp } from '../../transport/http/kit/wire';
import { originOf, sendFile } from './atualizacao.routes';
import type { Chamador, Chamadores } from './chamadores.service';
import { actorOf, type Downloads } from './download.service';
import type { Assinante, Feeds } from './feeds.service';
import type { Transferencias } from './transferencias.service';
import { canais } from './versoes.model';

const tag = 'Versões';
/** Stands where the key would, when it comes in a header. */
const inHeader = '-';
const keyHeader = 'x-licenca';

/** What Tauri's updater reads, in its own words. */
const tauriFile = { url: t.String(), signature: t.String() };
const tauriSchema = t.Object({
  version: t.String({ examples: ['2.1.0'] }),
  notes: t.String(),
  pub_date: timestamp,
});
const tauriDynamicSchema = t.Object({ ...tauriSchema.properties, ...tauriFile });
const tauriStaticSchema = t.Object({
  ...tauriSchema.properties,
  platforms: t.Record(t.String(), t.Object(tauriFile), { description: 'Por plataforma, como windows-x86_64' }),
});

interface Dependencies {
  platform: Platform;
  feeds: Feeds;
  chamadores: Chamadores;
  downloads: Downloads;
  transferencias: Transferencias;
  limiter: RateLimiter;
}

const chave = t.String({ maxLength: 64, description: 'A chave da licença, ou - se vier em X-Licenca ou no token' });
const query = t.Object({
  versao_atual: t.Optional(t.String({ maxLength: 64, description: 'Para degraus: o que a máquina roda' })),
  canal: t.Optional(oneOf(canais)),
  impressao: t.Optional(t.String({ maxLength: 4096, description: 'Qual das máquinas da licença' })),
  so_versao: t.Optional(t.String({ pattern: '^\\d{1,6}(\\.\\d{1,6}){0,3}$' })),
});
type Query = typeof query.static;

export function feedsRoutes({ platform, feeds, chamadores, downloads, transferencias, limiter }: Dependencies) {
  async function callerOf(request: Request, key: string, impressao: string | undefined): Promise<Chamador> {
    const named = key === inHeader ? request.headers.get(keyHeader) : key;
    if (named !== null) {
      limiter.take(contextOf(request).ip);
      return chamadores.byChave(named, impressao);
    }
    const actor = await platform.decorator.actorOf(request);
    if (actor.tipo === 'maquina' && actor.id !== null) return chamadores.byMachine(actor.id);
    throw new Problem('NAO_AUTENTICADO');
  }

  async function subscriber(request: Request, key: string, asked: Query): Promise<Assinante> {
    const chamador = await callerOf(request, key, asked.impressao);
    return { chamador, versaoAtual: asked.versao_atual, canal: asked.canal, soVersao: asked.so_versao };
  }

  const tauriBase = (request: Request, key: string): string =>
    `${originOf(request)}/api/v1/uploads/feeds/tauri/${encodeURIComponent(key)}/`;

  /** Both feeds send files from below their own address, by the same credential. */
  function fileRoutes(prefix: string, operationId: string) {
    return new Elysia({ prefix }).use(platform).get(
      '/:chave/arquivo/:id/:arquitetura/:nome',
      async ({ params, query: asked, request }) => {
        const chamador = await callerOf(request, params.chave, asked.impressao);
        const download = await downloads.forCaller(actorOf(anonymous(request), chamador), params.id, chamador);
        // Updaters also try `.blockmap` files beside it, and go on without them.
        if (params.nome !== download.versao.arquivo) {
          throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há arquivo com este nome.' });
        }
        return sendFile(request, download, downloads, transferencias);
      },
      {
        acesso: 'publico',
        params: t.Object({
          chave,
          id: t.String({ format: 'uuid' }),
          arquitetura: t.String({ maxLength: 16 }),
          nome: t.String({ maxLength: 512 }),
        }),
        query,
        detail: {
          ...docs(tag, operationId, 'O arquivo de um feed'),
          responses: { 200: { description: 'O arquivo', content: { 'application/octet-stream': {} } } },
        },
      },
    );
  }

  return new Elysia({ prefix: '/uploads/feeds' })
    .use(platform)
    .use(fileRoutes('/electron', 'arquivoDoFeedElectron'))
    .use(fileRoutes('/tauri', 'arquivoDoFeedTauri'))
    .get(
      '/electron/:chave/:documento',
      async ({ params, query: asked, request }) => {
        const assinante = await subscriber(request, params.chave, asked);
        const document = await feeds.electron(assinante, params.documento);
        return new Response(dump(document, { lineWidth: -1 }), {
          headers: { 'content-type': 'text/yaml; charset=utf-8', 'cache-control': 'no-store' },
        });
      },
      {
        acesso: 'publico',
        params: t.Object({ chave, documento: t.String({ maxLength: 64, examples: ['latest.yml'] }) }),
        query,
        detail: {
          ...docs(tag, 'feedElectron', 'Feed do electron-updater', 'Provedor generic: latest.yml, beta-mac.yml…'),
          responses: { 200: { description: 'O documento', content: { 'text/yaml': {} } } },
        },
      },
    )
    .get(
      '/tauri/:chave/latest.json',
      async ({ params, query: asked, request, set }) => {
        set.headers['cache-control'] = 'no-store';
        const assinante = await subscriber(request, params.chave, asked);
        return feeds.tauriEstatico(assinante, tauriBase(request, params.chave));
      },
      {
        acesso: 'publico',
        params: t.Object({ chave }),
        query,
        detail: {
          ...docs(tag, 'feedTauriEstatico', 'Feed do Tauri, forma estática'),
          ...answers('A versão mais alta de cada plataforma', [], tauriStaticSchema),
        },
      },
    )
    .get(
      '/tauri/:chave/:alvo/:arquitetura/:versao',
      async ({ params, query: asked, request, set }) => {
        set.headers['cache-control'] = 'no-store';
        const assinante = await subscriber(request, params.chave, { ...asked, versao_atual: params.versao });
        const base = tauriBase(request, params.chave);
        const release = await feeds.tauri(assinante, params.alvo, params.arquitetura, base);
        return release ?? new Response(null, { status: 204 });
      },
      {
        acesso: 'publico',
        params: t.Object({
          chave,
          alvo: t.String({ maxLength: 32, description: '{{target}}' }),
          arquitetura: t.String({ maxLength: 32, description: '{{arch}}' }),
          versao: t.String({ maxLength: 64, description: '{{current_version}}' }),
        }),
        query,
        detail: {
          ...docs(tag, 'feedTauri', 'Feed do Tauri, forma dinâmica', '204 quando não há nada mais novo.'),
          ...answers('A versão que se oferece', [], tauriDynamicSchema),
        },
      },
    );
}
