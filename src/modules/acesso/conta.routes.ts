/** One's own account over HTTP: password, second factor, sessions, log-ins; and the same of others for who may look after them. */

import { Elysia, t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { readPage } from '../../core/page';
import { anonymous } from '../../transport/http/kit/context';
import { idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import { auditSchema, auditView } from '../auditoria/auditoria.schema';
import { emailField, senhaField } from './acesso.schema';
import type { Sessao } from './acesso.store';
import type { Recuperacao } from './recuperacao.service';
import type { SegundoFator } from './segundo-fator.service';
import type { SessoesAbertas } from './sessoes.service';

const tag = 'Acesso';

const otpField = t.String({ minLength: 1, maxLength: 32, description: 'Código do autenticador, ou de recuperação' });
const provaBody = t.Object({ senha: senhaField, otp: otpField });
const codigosSchema = t.Object({
  codigos_de_recuperacao: t.Array(t.String(), { description: 'Cada um vale uma vez; mostrados só agora' }),
});
const sessaoSchema = t.Object({
  id: uuid,
  ip: textOrNull,
  agente: textOrNull,
  navegador: t.Boolean({ description: 'Aberta por cookie, na interface web' }),
  atual: t.Boolean({ description: 'É a desta chamada' }),
  criada_em: timestamp,
  usada_em: timestamp,
});
const sessoesSchema = t.Object({ itens: t.Array(sessaoSchema) });
const sessaoParams = t.Object({ id: uuid, sessao_id: uuid });
const gone = { 204: t.Void() };

function sessaoView(sessao: Sessao, current: string | undefined): typeof sessaoSchema.static {
  const { id, ip, agente, criada_em, usada_em } = sessao;
  return {
    ...{ id, ip, agente },
    navegador: sessao.cookie_hmac !== null,
    atual: id === current,
    criada_em: rfc3339(criada_em),
    usada_em: rfc3339(usada_em),
  };
}

export function senhaRoutes(platform: Platform, recuperacao: Recuperacao) {
  return new Elysia({ prefix: '/auth/senha' })
    .use(platform)
    .put(
      '/',
      async ({ ator, body, set }) => {
        await recuperacao.trocar(await ator(), body.senha_atual, body.senha_nova);
        set.status = 204;
      },
      {
        acesso: 'usuario',
        body: t.Object({ senha_atual: senhaField, senha_nova: senhaField }),
        response: gone,
        detail: docs(tag, 'trocarSenha', 'Troca a própria senha', 'As outras sessões são encerradas.'),
      },
    )
    .post(
      '/esqueci',
      async ({ body, request, set }) => {
        await recuperacao.pedir(anonymous(request), body.email);
        set.status = 202;
        return { detalhe: 'Se houver uma conta com este e-mail, a mensagem está a caminho.' };
      },
      {
        acesso: 'publico',
        body: t.Object({ email: emailField }),
        response: { 202: t.Object({ detalhe: t.String() }) },
        detail: docs(tag, 'pedirNovaSenha', 'Pede por e-mail um código para redefinir a senha'),
      },
    )
    .post(
      '/redefinir',
      async ({ body, request, set }) => {
        await recuperacao.redefinir(anonymous(request), body.codigo, body.senha);
        set.status = 204;
      },
      {
        acesso: 'publico',
        body: t.Object({ codigo: t.String({ maxLength: 64 }), senha: senhaField }),
        response: gone,
        detail: docs(tag, 'redefinirSenha', 'Redefine a senha com o código recebido', 'Encerra todas as sessões.'),
      },
    );
}

export function segundoFatorRoutes(platform: Platform, segundoFator: SegundoFator) {
  return new Elysia({ prefix: '/auth/2fa' })
    .use(platform)
    .get('/', async ({ ator }) => segundoFator.estado(await ator()), {
      acesso: 'usuario',
      response: { 200: t.Object({ ativo: t.Boolean(), codigos_restantes: t.Integer() }) },
      detail: docs(tag, 'estadoDoSegundoFator', 'Se o segundo fator está ativo'),
    })
    .post('/', async ({ ator, body }) => segundoFator.iniciar(await ator(), body.senha), {
      acesso: 'usuario',
      body: t.Object({ senha: senhaField }),
      response: { 200: t.Object({ segredo: t.String(), uri: t.String({ description: 'Para o código QR' }) }) },
      detail: docs(tag, 'iniciarSegundoFator', 'Cria o segredo do autenticador (TOTP, RFC 6238)'),
    })
    .post(
      '/confirmar',
      async ({ ator, body }) => ({
        codigos_de_recuperacao: await segundoFator.confirmar(await ator(), body.otp),
      }),
      {
        acesso: 'usuario',
        body: t.Object({ otp: otpField }),
        response: { 200: codigosSchema },
        detail: docs(tag, 'confirmarSegundoFator', 'Liga o segundo fator com um primeiro código'),
      },
    )
    .post(
      '/codigos',
      async ({ ator, body }) => ({ codigos_de_recuperacao: await segundoFator.renovarCodigos(await ator(), body) }),
      {
        acesso: 'usuario',
        body: provaBody,
        response: { 200: codigosSchema },
        detail: docs(tag, 'renovarCodigosDeRecuperacao', 'Novos códigos de recuperação', 'Os antigos deixam de valer.'),
      },
    )
    .post(
      '/desativar',
      async ({ ator, body, set }) => {
        await segundoFator.desativar(await ator(), body);
        set.status = 204;
      },
      {
        acesso: 'usuario',
        body: provaBody,
        response: gone,
        detail: docs(tag, 'desativarSegundoFator', 'Desliga o segundo fator'),
      },
    );
}

/** The sessions and log-ins of oneself under `/auth`. */
export function minhasSessoesRoutes(platform: Platform, sessoes: SessoesAbertas) {
  return new Elysia({ prefix: '/auth' })
    .use(platform)
    .get(
      '/sessoes',
      async ({ ator }) => {
        const actor = await ator();
        return { itens: (await sessoes.listar(actor, null)).map((sessao) => sessaoView(sessao, actor.sessaoId)) };
      },
      {
        acesso: 'usuario',
        response: { 200: sessoesSchema },
        detail: docs(tag, 'listarMinhasSessoes', 'Onde a própria conta está aberta'),
      },
    )
    .delete(
      '/sessoes',
      async ({ ator, set }) => {
        await sessoes.encerrarTodas(await ator(), null);
        set.status = 204;
      },
      {
        acesso: 'usuario',
        response: gone,
        detail: docs(tag, 'encerrarOutrasSessoes', 'Encerra todas as outras sessões da própria conta'),
      },
    )
    .delete(
      '/sessoes/:id',
      async ({ ator, params, set }) => {
        await sessoes.encerrar(await ator(), null, params.id);
        set.status = 204;
      },
      {
        acesso: 'usuario',
        params: idParams,
        response: gone,
        detail: docs(tag, 'encerrarMinhaSessao', 'Encerra uma sessão da própria conta'),
      },
    )
    .get(
      '/acessos',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await sessoes.acessos(await ator(), null, readPage(query, ['em'], '-em'));
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: 'usuario',
        query: t.Object(listQuery),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, 'listarMeusAcessos', 'Quem entrou na própria conta, ou tentou, de onde e com quê'),
      },
    );
}

/** The same of another user, under `/usuarios/{id}`. */
export function sessoesDeUsuarioRoutes(platform: Platform, sessoes: SessoesAbertas, segundoFator: SegundoFator) {
  return new Elysia({ prefix: '/usuarios/:id' })
    .use(platform)
    .get(
      '/sessoes',
      async ({ ator, params }) => {
        const actor = await ator();
        const open = await sessoes.listar(actor, params.id);
        return { itens: open.map((sessao) => sessaoView(sessao, actor.sessaoId)) };
      },
      {
        acesso: 'usuarios:ler',
        params: idParams,
        response: { 200: sessoesSchema },
        detail: docs(tag, 'listarSessoesDoUsuario', 'Onde a conta de um usuário está aberta'),
      },
    )
    .delete(
      '/sessoes',
      async ({ ator, params, set }) => {
        await sessoes.encerrarTodas(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'usuarios:editar',
        params: idParams,
        response: gone,
        detail: docs(tag, 'encerrarSessoesDoUsuario', 'Encerra todas as sessões de um usuário'),
      },
    )
    .delete(
      '/sessoes/:sessao_id',
      async ({ ator, params, set }) => {
        await sessoes.encerrar(await ator(), params.id, params.sessao_id);
        set.status = 204;
      },
      {
        acesso: 'usuarios:editar',
        params: sessaoParams,
        response: gone,
        detail: docs(tag, 'encerrarSessaoDoUsuario', 'Encerra uma sessão de um usuário'),
      },
    )
    .get(
      '/acessos',
      async ({ ator, params, query, request, set }) => {
        const page = readPage(query, ['em'], '-em');
        const { itens, ...rest } = await sessoes.acessos(await ator(), params.id, page);
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(auditView), ...rest };
      },
      {
        acesso: 'usuarios:ler',
        params: idParams,
        query: t.Object(listQuery),
        response: { 200: pageOf(auditSchema) },
        detail: docs(tag, 'listarAcessosDoUsuario', 'Quem entrou na conta de um usuário, ou tentou'),
      },
    )
    .delete(
      '/2fa',
      async ({ ator, params, set }) => {
        await segundoFator.remover(await ator(), params.id);
        set.status = 204;
      },
      {
        acesso: 'usuarios:editar',
        params: idParams,
        response: gone,
        detail: docs(tag, 'removerSegundoFator', 'Remove o segundo fator de quem perdeu o telefone'),
      },
    );
}
