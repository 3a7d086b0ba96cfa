/** `/backups` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339, secondMs } from '../../core/clock';
import { encodeCursor, readPage } from '../../core/page';
import type { BackupRecord, Check } from '../../storage/backup/catalog';
import { backupOrigins } from '../../storage/backup/manifest';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { answers, docs, oneOf, timestamp, uuid } from '../../transport/http/kit/wire';
import { fileResponse } from '../versoes/download.http';
import type { Backups } from './backups.service';

const tag = 'Operação';
/** A connection is closed after two minutes of silence; a backup that takes longer is answered before it is done. */
const waitMs = 90 * secondMs;

const checkSchema = t.Union([t.Object({ em: timestamp, ok: t.Boolean(), detalhe: t.String() }), t.Null()]);
const counts = t.Record(t.String(), t.Integer());
const backupSchema = t.Object({
  id: uuid,
  arquivo: t.String({ examples: ['narcidi-20261125-050000-1a2b3c4d.tar.zst'] }),
  criado_em: timestamp,
  origem: oneOf(backupOrigins, 'Quem o pediu'),
  programa: t.String({ description: 'Versão que o fez' }),
  esquema: t.String({ description: 'Última migração do banco que está nele' }),
  tamanho: t.Integer({ description: 'Bytes' }),
  sha256: t.String(),
  cifrado: t.Boolean(),
  contagens: t.Object({ sqlite: counts, lmdb: counts }),
  verificacao: checkSchema,
  simulacro: checkSchema,
});
const underWaySchema = t.Object({ status: t.Literal('em_andamento') });

function checkView(check: Check | null): typeof checkSchema.static {
  return check && { ...check, em: rfc3339(check.em) };
}

function backupView({ criado_em, verificacao, simulacro, ...rest }: BackupRecord): typeof backupSchema.static {
  return {
    ...rest,
    criado_em: rfc3339(criado_em),
    verificacao: checkView(verificacao),
    simulacro: checkView(simulacro),
  };
}

export function backupsRoutes(platform: Platform, backups: Backups) {
  return new Elysia({ prefix: '/backups' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { limite, cursor, ordem } = readPage(query, ['criado_em'], '-criado_em');
        const newestFirst = await backups.listar(await ator());
        const all = ordem.descendente ? newestFirst : newestFirst.reverse();
        const start = cursor === null ? 0 : all.findIndex(({ id }) => id === cursor.id) + 1;
        const itens = all.slice(start, start + limite);
        const last = itens.at(-1);
        const more = start + limite < all.length && last !== undefined;
        const name = ordem.descendente ? '-criado_em' : 'criado_em';
        const proximo_cursor = more ? encodeCursor({ ordem: name, valor: last.criado_em, id: last.id }) : null;
        linkNext(set, request, proximo_cursor);
        return { itens: itens.map(backupView), proximo_cursor, ...(query.total ? { total: all.length } : {}) };
      },
      {
        acesso: 'backups:ler',
        query: t.Object(listQuery),
        response: { 200: pageOf(backupSchema) },
        detail: docs(tag, 'listarBackups', 'Os backups inteiros, o mais novo primeiro'),
      },
    )
    .post(
      '/',
      async ({ ator, set }) => {
        const making = backups.criar(await ator(), 'manual');
        // A failure after the answer is in the events and the audit.
        making.catch(() => undefined);
        let timer: ReturnType<typeof setTimeout> | undefined;
        const enough = new Promise<null>((resolve) => {
          timer = setTimeout(() => resolve(null), waitMs);
        });
        const made = await Promise.race([making, enough]);
        clearTimeout(timer);
        if (made === null) {
          set.status = 202;
          return { status: 'em_andamento' as const };
        }
        set.status = 201;
        set.headers.location = `/api/v1/backups/${made.id}`;
        return backupView(made);
      },
      {
        acesso: 'backups:criar',
        response: { 201: backupSchema, 202: underWaySchema },
        detail: docs(
          tag,
          'criarBackup',
          'Faz um backup agora',
          '202 quando passa de 90 s: ele aparece na lista ao ficar pronto.',
        ),
      },
    )
    .get('/:id', async ({ ator, params }) => backupView(await backups.obter(await ator(), params.id)), {
      acesso: 'backups:ler',
      params: idParams,
      response: { 200: backupSchema },
      detail: docs(tag, 'obterBackup', 'Um backup'),
    })
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await backups.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'backups:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirBackup', 'Exclui um backup'),
      },
    )
    .get(
      '/:id/download',
      async ({ ator, params, request }) => {
        const { record, path } = await backups.baixar(await ator(), params.id);
        return fileResponse(request, { versao: record, path }, () => undefined);
      },
      {
        acesso: 'backups:executar',
        params: idParams,
        detail: {
          ...docs(
            tag,
            'baixarBackup',
            'O arquivo do backup',
            'Contém todas as chaves e todos os registros: pede backups:executar e fica na auditoria. Aceita Range.',
          ),
          ...answers('O arquivo', ['application/octet-stream']),
        },
      },
    )
    .post('/:id/verificar', async ({ ator, params }) => backupView(await backups.verificar(await ator(), params.id)), {
      acesso: 'backups:executar',
      params: idParams,
      response: { 200: backupSchema },
      detail: docs(tag, 'verificarBackup', 'Lê o backup até o fim e diz em verificacao se está íntegro'),
    });
}
