/** `/faturas` and `/pagamentos` over HTTP. */

import { Elysia, t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { readPage } from '../../core/page';
import { invalidField } from '../../core/problem';
import { anonymous } from '../../transport/http/kit/context';
import { parseJson, readBytes } from '../../transport/http/kit/json-body';
import { etag, idParams, linkNext, listQuery, type Platform, pageOf } from '../../transport/http/kit/platform';
import { docs, jsonContent, oneOf, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { type Fatura, faturaStatus } from './faturas.model';
import type { Faturas, Pagamento } from './faturas.service';
import { faturaSortable } from './faturas.store';
import type { VerifyPayment } from './pagamento.http';

const tag = 'Faturas';
const webhookBytesMax = 64 * 1024;
const referenciaCharactersMax = 200;

const faturaSchema = t.Object({
  id: uuid,
  licenca_id: uuid,
  cliente_id: uuid,
  numero: t.Integer(),
  valor_centavos: t.Integer(),
  status: oneOf(faturaStatus),
  periodo_inicio: timestamp,
  periodo_fim: timestamp,
  vence_em: timestamp,
  paga_em: timestampOrNull,
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export function faturaView(fatura: Fatura): typeof faturaSchema.static {
  return {
    id: fatura.id,
    licenca_id: fatura.licenca_id,
    cliente_id: fatura.cliente_id,
    numero: fatura.numero,
    valor_centavos: fatura.valor_centavos,
    status: fatura.status,
    periodo_inicio: rfc3339(fatura.periodo_inicio),
    periodo_fim: rfc3339(fatura.periodo_fim),
    vence_em: rfc3339(fatura.vence_em),
    paga_em: rfc3339OrNull(fatura.paga_em),
    criado_em: rfc3339(fatura.criado_em),
    atualizado_em: rfc3339(fatura.atualizado_em),
  };
}

export function faturasRoutes(platform: Platform, faturas: Faturas) {
  const action = { params: idParams, response: { 200: faturaSchema } };
  return new Elysia({ prefix: '/faturas' })
    .use(platform)
    .get(
      '/',
      async ({ ator, query, request, set }) => {
        const { itens, ...rest } = await faturas.listar(
          await ator(),
          readPage(query, faturaSortable, 'criado_em'),
          query,
        );
        linkNext(set, request, rest.proximo_cursor);
        return { itens: itens.map(faturaView), ...rest };
      },
      {
        acesso: 'faturas:ler',
        query: t.Object({
          ...listQuery,
          licenca_id: t.Optional(uuid),
          cliente_id: t.Optional(uuid),
          status: t.Optional(oneOf(faturaStatus)),
        }),
        response: { 200: pageOf(faturaSchema) },
        detail: docs(tag, 'listarFaturas', 'Lista as faturas'),
      },
    )
    .get(
      '/:id',
      async ({ ator, params, set }) => {
        const fatura = await faturas.obter(await ator(), params.id);
        etag(set, fatura.rev);
        return faturaView(fatura);
      },
      { acesso: 'faturas:ler', ...action, detail: docs(tag, 'obterFatura', 'Uma fatura') },
    )
    .post('/:id/pagar', async ({ ator, params }) => faturaView(await faturas.pagar(await ator(), params.id)), {
      acesso: 'faturas:editar',
      ...action,
      detail: docs(tag, 'pagarFatura', 'Anota o pagamento', 'Paga a última vencida, a licença se desbloqueia.'),
    })
    .post('/:id/cancelar', async ({ ator, params }) => faturaView(await faturas.cancelar(await ator(), params.id)), {
      acesso: 'faturas:editar',
      ...action,
      detail: docs(tag, 'cancelarFatura', 'Cancela uma fatura em aberto'),
    });
}

const pagamentoBody = t.Object({
  fatura_id: uuid,
  evento: t.String({ examples: ['pago'] }),
  valor_centavos: t.Integer(),
  referencia: t.String({ description: 'Do provedor; cada uma conta uma vez' }),
});

export function pagamentosRoutes(platform: Platform, faturas: Faturas, verify: VerifyPayment) {
  return new Elysia({ prefix: '/pagamentos' }).use(platform).post(
    '/webhook',
    async ({ request }) => {
      const bytes = await readBytes(request, webhookBytesMax);
      // The signature is over the bytes as they came, so it is verified before they are parsed.
      verify(request.headers, new TextDecoder().decode(bytes));
      const pagamento = readPagamento(parseJson(bytes));
      if (pagamento.evento !== 'pago') return { recebido: true };
      return { recebido: true, fatura: faturaView(await faturas.receberPagamento(anonymous(request), pagamento)) };
    },
    {
      parse: 'none',
      response: { 200: t.Object({ recebido: t.Boolean(), fatura: t.Optional(faturaSchema) }) },
      detail: {
        ...docs(
          tag,
          'receberPagamento',
          'Aviso de pagamento de um provedor',
          'Assinado por Standard Webhooks com NARCIDI_PAYMENT_SECRET.',
        ),
        requestBody: { required: true, content: jsonContent(pagamentoBody) },
        security: [],
      },
    },
  );
}

function readPagamento(body: unknown): Pagamento {
  const { fatura_id, evento, valor_centavos, referencia } = {
    ...(body as Partial<Record<keyof Pagamento, unknown>> | null),
  };
  if (typeof fatura_id !== 'string') throw invalidField('fatura_id', 'é obrigatório');
  if (typeof evento !== 'string') throw invalidField('evento', 'é obrigatório');
  if (typeof valor_centavos !== 'number' || !Number.isSafeInteger(valor_centavos)) {
    throw invalidField('valor_centavos', 'deve ser um número inteiro');
  }
  if (typeof referencia !== 'string' || referencia === '' || referencia.length > referenciaCharactersMax) {
    throw invalidField('referencia', `texto de 1 a ${referenciaCharactersMax} caracteres`);
  }
  return { fatura_id, evento, valor_centavos, referencia };
}
