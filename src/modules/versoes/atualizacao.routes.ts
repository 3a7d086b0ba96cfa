/** What machines call: is there an update, and its file. */

import { Elysia, t } from 'elysia';
import { type Actor, authorize } from '../../core/actor';
import { Problem } from '../../core/problem';
import { anonymous, contextOf } from '../../transport/http/kit/context';
import { idParams, type Platform } from '../../transport/http/kit/platform';
import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import { docs, line, oneOf, uuid } from '../../transport/http/kit/wire';
import type { Atualizacoes } from './atualizacao.service';
import type { Chamador, Chamadores } from './chamadores.service';
import type { CheckHttp } from './check.http';
import { fileResponse } from './download.http';
import type { Download, Downloads } from './download.service';
import type { Transferencias } from './transferencias.service';
import { arquiteturas, canais, plataformas } from './versoes.model';

const tag = 'Versões';

interface Dependencies {
  platform: Platform;
  atualizacoes: Atualizacoes;
  chamadores: Chamadores;
  downloads: Downloads;
  transferencias: Transferencias;
  limiter: RateLimiter;
  check: CheckHttp;
}

const checkBody = t.Object({
  chave: t.Optional(t.String({ maxLength: 64, description: 'No lugar do token da máquina' })),
  impressao: t.Optional(t.String({ maxLength: 4096, description: 'Com chave: qual das máquinas da licença' })),
  produto: t.Optional(line(100, { description: 'Slug ou id; o da licença se não for dito' })),
  versao_atual: line(64, { examples: ['2.0.3'] }),
  plataforma: oneOf(plataformas),
  arquitetura: oneOf(arquiteturas),
  canal: t.Optional(oneOf(canais, 'estavel se não for dito')),
  so_versao: t.Optional(
    t.String({
      pattern: '^\\d{1,6}(\\.\\d{1,6}){0,3}$',
      error: 'deve ser números com pontos',
      examples: ['10.0.19045'],
    }),
  ),
  explicar: t.Optional(t.Boolean({ description: 'Diz também por que outras versões não foram oferecidas' })),
});

const checkSchema = t.Object({
  atualizacao: t.Boolean(),
  obrigatoria: t.Boolean(),
  versao: t.Optional(
    t.Object({
      id: uuid,
      versao: t.String(),
      arquivo: t.String(),
      notas: t.String({ description: 'Markdown' }),
      tamanho: t.Integer(),
      sha256: t.String(),
      assinatura: t.String({ description: 'Ed25519 sobre os 32 bytes do SHA-256, base64url' }),
      assinatura_kid: t.String(),
    }),
  ),
  url: t.Optional(t.String({ description: 'Endereço assinado, vale 15 minutos' })),
  motivos: t.Optional(t.Array(t.Object({ versao: t.String(), motivo: t.String() }))),
});

const signedQuery = t.Object({
  para: t.Optional(t.String({ maxLength: 64 })),
  ate: t.Optional(t.String({ maxLength: 16 })),
  assinatura: t.Optional(t.String({ maxLength: 64 })),
});

export function atualizacaoRoutes(dependencies: Dependencies) {
  const { platform, atualizacoes, chamadores, downloads, transferencias, limiter, check } = dependencies;

  return new Elysia({ prefix: '/uploads' })
    .use(platform)
    .post(
      '/versao/check',
      async ({ ator, body, request, set }) => {
        const { chave, impressao, produto, ...pedido } = body;
        const actor = await ator();
        const byKey = actor.tipo !== 'maquina' && chave !== undefined;
        const limits = byKey ? limiter.take(contextOf(request).ip) : null;
        Object.assign(set.headers, { 'cache-control': 'no-store' }, limits);
        const chamador = callerOf(chamadores, actor, chave, impressao);
        const origem = originOf(request);
        const produtoId = await atualizacoes.produtoOf(chamador, produto);
        const answer = await atualizacoes.verificar(chamador, produtoId, pedido, origem);
        // What a person asked ends with that person's session; what was explained is asked once.
        if (!pedido.explicar && (actor.tipo === 'maquina' || actor.tipo === 'anonimo')) {
          check.note(request, { answer, chamador, produtoId, origem, byKey });
        }
        return answer;
      },
      {
        acesso: 'publico',
        body: checkBody,
        response: { 200: checkSchema },
        detail: docs(
          tag,
          'verificarAtualizacao',
          'Há versão mais nova?',
          'Com o token da máquina, ou com a chave no corpo. Responde o próximo passo possível.',
        ),
      },
    )
    .get(
      '/download/:id',
      async ({ ator, params, query, request }) => {
        const { para, ate, assinatura } = query;
        const signed = para !== undefined && ate !== undefined && assinatura !== undefined;
        const actor = signed ? anonymous(request) : await ator();
        if (!signed && actor.tipo === 'anonimo') throw new Problem('NAO_AUTENTICADO');
        const download = signed
          ? await downloads.abrirAssinado(actor, params.id, { para, ate, assinatura })
          : await downloads.abrir(actor, params.id);
        return sendFile(request, download, downloads, transferencias);
      },
      {
        acesso: 'publico',
        params: idParams,
        query: signedQuery,
        detail: {
          ...docs(
            tag,
            'baixarVersao',
            'O arquivo de uma versão',
            'Com token, ou pelo endereço assinado de check. Aceita Range, If-Range, If-None-Match e HEAD.',
          ),
          responses: { 200: { description: 'O arquivo', content: { 'application/octet-stream': {} } } },
        },
      },
    );
}

/** The answer, with the count of its download. */
export function sendFile(
  request: Request,
  download: Download,
  downloads: Downloads,
  transferencias: Transferencias,
): Response {
  const { actor, versao } = download;
  const who = `${actor.tipo}:${actor.id} ${versao.id}`;
  return fileResponse(request, download, (partial) =>
    transferencias.watch(request, who, partial, () => downloads.concluido(download)),
  );
}

/** The machine of a token, or who holds the key. @throws Problem NAO_AUTENTICADO, SEM_PERMISSAO, NAO_ENCONTRADA */
function callerOf(
  chamadores: Chamadores,
  actor: Actor,
  chave: string | undefined,
  impressao: string | undefined,
): Chamador {
  if (actor.tipo === 'maquina' && actor.id !== null) return chamadores.byMachine(actor.id);
  if (chave !== undefined) return chamadores.byChave(chave, impressao);
  authorize(actor, 'uploads:ler');
  throw new Problem('VALIDACAO', {
    detalhe: 'chave: é obrigatória sem o token de uma máquina',
    erros: [{ campo: 'chave', mensagem: 'é obrigatória sem o token de uma máquina' }],
  });
}

/**
 * Scheme and authority under which the caller reached this server, a proxy before it included. What the caller says of
 * itself here comes back to nobody else.
 */
export function originOf(request: Request): string {
  return `${contextOf(request).secure ? 'https' : 'http'}://${new URL(request.url).host}`;
}
