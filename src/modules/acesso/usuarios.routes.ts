/** `/usuarios` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import {
  created,
  etag,
  expectedRevision,
  idParams,
  linkNext,
  listQuery,
  type Platform,
  pageOf,
} from '../../transport/http/kit/platform';
import { docs, timestamp, uuid } from '../../transport/http/kit/wire';
import { emailField, nomeField, senhaField } from './acesso.schema';
import type { Usuarios } from './usuarios.service';
import { type UsuarioComPerfil, usuarioSortable } from './usuarios.store';

const tag = 'Acesso';

const fields = {
  nome: nomeField,
  email: emailField,
  senha: senhaField,
  perfil_id: uuid,
  ativo: t.Optional(t.Boolean({ description: 'false encerra as sessões na hora' })),
};

const usuarioSchema = t.Object({
  id: uuid,
  nome: t.String(),
  email: t.String(),
  perfil_id: uuid,
  perfil: t.Object({ id: uuid, nome: t.String() }),
  ativo: t.Boolean(),
  segundo_fator: t.Boolean({ description: 'Se entra com um código além da senha' }),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

function usuarioView(usuario: UsuarioComPerfil): typeof usuarioSchema.static {
  const { id, nome, email, perfil_id, perfil_nome, ativo, criado_em, atualizado_em } = usuario;
  return {
    ...{ id, nome, email, perfil_id, ativo },
    perfil: { id: perfil_id, nome: perfil_nome },
    segundo_fator: usuario.otp_selado !== null,
    criado_em: rfc3339(criado_em),
    atualizado_em: rfc3339(atualizado_em),
  };
}

export function usuariosRoutes(platform: Platform, usuarios: Usuarios) {
  return new Elysia({ prefix: '/usuarios' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const usuario = await usuarios.criar(await ator(), body);
        created(set, `/api/v1/usuarios/${usuario.id}`, usuario.rev);
        return usuarioView(usuario);
      },
      {
        acesso: 'usuarios:criar',
        body: t.Object(fields),
        response: { 201: usuarioSchema },
        detail: docs(tag, 'criarUsuario', 'Cria um usuário', 'O perfil não pode ir além do que tem quem cria.'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, usuarioSortable, 'criado_em');
        const { itens, ...rest } = await usuarios.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(usuarioView), ...rest };
      },
      {
        acesso: 'usuarios:ler',
        query: t.Object({ ...listQuery, perfil_id: t.Optional(uuid), ativo: t.Optional(t.BooleanString()) }),
        response: { 200: pageOf(usuarioSchema) },
        detail: docs(tag, 'listarUsuarios', 'Lista os usuários'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const usuario = await usuarios.obter(await ator(), params.id);
        etag(set, usuario.rev);
        return usuarioView(usuario);
      },
      {
        acesso: 'usuarios:ler',
        params: idParams,
        response: { 200: usuarioSchema },
        detail: docs(tag, 'obterUsuario', 'Um usuário'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const usuario = await usuarios.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, usuario.rev);
        return usuarioView(usuario);
      },
      {
        acesso: 'usuarios:editar',
        params: idParams,
        body: t.Partial(t.Object(fields)),
        response: { 200: usuarioSchema },
        detail: docs(
          tag,
          'editarUsuario',
          'Muda um usuário',
          'Nova senha, outro perfil ou ativo=false encerram suas sessões na hora.',
        ),
      },
    )
    .delete(
      '/:id',
      async ({ ator, params, set }) => {
        await usuarios.excluir(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'usuarios:excluir',
        params: idParams,
        response: { 204: t.Void() },
        detail: docs(tag, 'excluirUsuario', 'Exclui um usuário', 'Suas sessões e chaves de API acabam com ele.'),
      },
    );
}
