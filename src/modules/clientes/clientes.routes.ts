/** `/clientes` over HTTP. */

import { Elysia, t } from 'elysia';
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
import { docs, motivoBody } from '../../transport/http/kit/wire';
import { clienteFilterQuery, clienteSchema, clienteView, editClienteBody, novoClienteBody } from './clientes.schema';
import type { Clientes } from './clientes.service';
import { clienteSortable } from './clientes.store';

const tag = 'Clientes';

export function clientesRoutes(platform: Platform, clientes: Clientes) {
  return new Elysia({ prefix: '/clientes' })
    .use(platform)
    .post(
      '/',
      async ({ ator, body, set }) => {
        const cliente = await clientes.criar(await ator(), body);
        created(set, `/api/v1/clientes/${cliente.id}`, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:criar',
        body: novoClienteBody,
        response: { 201: clienteSchema },
        detail: docs(tag, 'criarCliente', 'Cria um cliente'),
      },
    )
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const page = readPage(query, clienteSortable, 'criado_em');
        const { itens, ...rest } = await clientes.listar(await ator(), page, query);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(clienteView), ...rest };
      },
      {
        acesso: 'clientes:ler',
        query: t.Object({ ...listQuery, ...clienteFilterQuery }),
        response: { 200: pageOf(clienteSchema) },
        detail: docs(tag, 'listarClientes', 'Lista os clientes'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const cliente = await clientes.obter(await ator(), params.id);
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:ler',
        params: idParams,
        response: { 200: clienteSchema },
        detail: docs(tag, 'obterCliente', 'Um cliente'),
      },
    )
    .put(
      '/:id',
      async ({ ator, params, body, request, set }) => {
        const cliente = await clientes.atualizar(await ator(), params.id, body, expectedRevision(request));
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:editar',
        params: idParams,
        body: editClienteBody,
        response: { 200: clienteSchema },
        detail: docs(tag, 'editarCliente', 'Muda campos de um cliente'),
      },
    )
    .post(
      '/:id/bloquear',
      async ({ ator, params, body, set }) => {
        const cliente = await clientes.bloquear(await ator(), params.id, body.motivo);
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:bloquear',
        params: idParams,
        body: motivoBody,
        response: { 200: clienteSchema },
        detail: docs(
          tag,
          'bloquearCliente',
          'Bloqueia um cliente',
          'Bloqueia, na prática, todas as suas licenças e máquinas.',
        ),
      },
    )
    .post(
      '/:id/ativar',
      async ({ ator, params, set }) => {
        const cliente = await clientes.ativar(await ator(), params.id);
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:bloquear',
        params: idParams,
        response: { 200: clienteSchema },
        detail: docs(
          tag,
          'ativarCliente',
          'Ativa um cliente',
          'Cada licença e máquina volta a ser o que era antes do bloqueio.',
        ),
      },
    )
    .post(
      '/:id/cancelar',
      async ({ ator, params, set }) => {
        const cliente = await clientes.cancelar(await ator(), params.id);
        etag(set, cliente.rev);
        return clienteView(cliente);
      },
      {
        acesso: 'clientes:excluir',
        params: idParams,
        response: { 200: clienteSchema },
        detail: docs(tag, 'cancelarCliente', 'Cancela um cliente'),
      },
    );
}
