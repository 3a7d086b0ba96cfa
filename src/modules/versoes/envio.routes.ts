/** Sending a version, and how far it has come. */

import { createHash } from 'node:crypto';
import { Elysia, t } from 'elysia';
import type { Actor } from '../../core/actor';
import { Problem } from '../../core/problem';
import type { ContentStore } from '../../storage/files/content-store';
import { contextOf } from '../../transport/http/kit/context';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, oneOf, textOrNull, timestamp } from '../../transport/http/kit/wire';
import type { Progresso } from './progresso.service';
import { type Recebido, receiveUpload } from './recebimento.http';
import { novaVersaoForm, readCampos, versaoSchema, versaoView } from './versoes.schema';
import type { Versoes } from './versoes.service';

const tag = 'Versões';

interface Dependencies {
  platform: Platform;
  versoes: Versoes;
  files: ContentStore;
  bytesMax: number;
  progresso: Progresso;
}

const envioQuery = t.Object({
  envio: t.Optional(
    t.String({
      pattern: '^[\\w.-]{1,64}$',
      description: 'Um id à escolha, para acompanhar em /uploads/progresso/{id}',
    }),
  ),
});

const envioSchema = t.Object({
  id: t.String(),
  estado: oneOf(['recebendo', 'concluido', 'falhou']),
  recebidos: t.Integer({ description: 'Bytes do arquivo já no disco' }),
  total: t.Union([t.Integer(), t.Null()], { description: 'Bytes anunciados do envio inteiro' }),
  versao_id: textOrNull,
  codigo: textOrNull,
  iniciado_em: timestamp,
});

export function envioRoutes({ platform, versoes, files, bytesMax, progresso }: Dependencies) {
  async function create(actor: Actor, { campos, nome, file }: Recebido): Promise<Response> {
    const versao = await versoes.criar(actor, file, nome, readCampos(campos));
    const headers = { location: `/api/v1/uploads/versao/${versao.id}`, etag: `"${versao.rev}"` };
    return Response.json(versaoView(versao), { status: 201, headers });
  }

  /** What has arrived becomes a version, once under an Idempotency-Key; otherwise it is removed. */
  async function takeIn(request: Request, actor: Actor, received: Recebido): Promise<Response> {
    const { underKey } = contextOf(request);
    try {
      if (!underKey) return await create(actor, received);
      return await underKey(fingerprint(received), (idempotencia) => create({ ...actor, idempotencia }, received));
    } finally {
      await received.file.discard();
    }
  }

  return new Elysia({ prefix: '/uploads' })
    .use(platform)
    .post(
      '/versao',
      async ({ ator, query, request }) => {
        const actor = await ator();
        const announced = Number(request.headers.get('content-length')) || null;
        const envio = query.envio === undefined ? null : progresso.iniciar(String(actor.id), query.envio, announced);
        try {
          const onProgress = (bytes: number): void => envio?.avancar(bytes);
          const response = await takeIn(request, actor, await receiveUpload(request, { files, bytesMax, onProgress }));
          const location = response.headers.get('location');
          envio?.terminar(location ? { versao_id: location.split('/').at(-1) ?? '' } : { codigo: 'RECUSADO' });
          return response;
        } catch (error) {
          envio?.terminar({ codigo: error instanceof Problem ? error.codigo : 'ERRO_INTERNO' });
          throw error;
        }
      },
      {
        acesso: 'uploads:criar',
        parse: 'none',
        query: envioQuery,
        response: { 201: versaoSchema },
        detail: {
          ...docs(
            tag,
            'enviarVersao',
            'Envia uma versão',
            'Um arquivo e seus campos; vai direto ao disco, do tamanho que for até NARCIDI_UPLOAD_MAX.',
          ),
          requestBody: { required: true, content: { 'multipart/form-data': { schema: novaVersaoForm as object } } },
        },
      },
    )
    .get('/progresso/:id', async ({ ator, params }) => progresso.consultar(String((await ator()).id), params.id), {
      acesso: 'uploads:criar',
      params: t.Object({ id: t.String({ maxLength: 64 }) }),
      response: { 200: envioSchema },
      detail: docs(tag, 'progressoDoEnvio', 'Quanto já chegou de um envio', 'Do id dado em ?envio= por quem envia.'),
    });
}

/** Equal uploads have the same, whatever their boundaries and the order of their fields. */
function fingerprint({ campos, nome, file }: Recebido): string {
  const fields = [...campos].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([fields, nome, file.sha256]))
    .digest('base64url');
}
