/** `/configuracoes` over HTTP. */

import { Elysia, t } from 'elysia';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, oneOf, textOrNull } from '../../transport/http/kit/wire';
import { configuracaoGrupos, origens } from './configuracoes.model';
import type { Configuracoes } from './configuracoes.service';

const tag = 'Sistema';
const emailCharactersMax = 254;

const configuracaoSchema = t.Object({
  nome: t.String({ description: 'A variável de ambiente', examples: ['NARCIDI_PORT'] }),
  grupo: oneOf(configuracaoGrupos),
  valor: t.String({ description: 'Um segredo definido sai mascarado; vazio, sem valor', examples: ['8080'] }),
  padrao: t.String({ examples: ['8080'] }),
  origem: oneOf(origens),
  segredo: t.Boolean(),
  flag: textOrNull,
  chave: t.String({ description: 'Em config.json', examples: ['port'] }),
  descricao: t.String(),
});

export function configuracoesRoutes(platform: Platform, configuracoes: Configuracoes) {
  return new Elysia({ prefix: '/configuracoes' })
    .use(platform)
    .get('/', async ({ ator }) => configuracoes.listar(await ator()), {
      acesso: 'configuracoes:ler',
      response: {
        200: t.Object({
          itens: t.Array(configuracaoSchema),
          arquivo: t.String({ description: 'Onde fica config.json', examples: ['/srv/narcidi-data/config.json'] }),
        }),
      },
      detail: docs(
        tag,
        'listarConfiguracoes',
        'Com que o servidor roda',
        'Lidas ao ligar: flag antes de ambiente, antes de config.json, antes do padrão.',
      ),
    })
    .post('/email/testar', async ({ ator, body }) => configuracoes.testarEmail(await ator(), body.para), {
      acesso: 'configuracoes:executar',
      body: t.Object({
        para: t.Optional(
          t.String({
            format: 'email',
            maxLength: emailCharactersMax,
            description: 'O primeiro de NARCIDI_MAIL_TO se não for dito',
            examples: ['dona@exemplo.com.br'],
          }),
        ),
      }),
      response: { 200: t.Object({ para: t.String({ examples: ['dona@exemplo.com.br'] }) }) },
      detail: docs(
        tag,
        'testarEmail',
        'Envia um e-mail de teste, na hora',
        '502 EMAIL_NAO_ENVIADO diz o que o servidor de e-mail respondeu.',
      ),
    });
}
