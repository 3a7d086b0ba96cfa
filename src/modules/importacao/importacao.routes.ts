/** CSV in and out: `/clientes/importar`, `/clientes/exportar` and the same of licences. */

import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify';
import { Elysia, t } from 'elysia';
import { authorize, type Permissao } from '../../core/actor';
import { type Clock, rfc3339, rfc3339OrNull } from '../../core/clock';
import { everyItem } from '../../core/page';
import type { Db } from '../../storage/sqlite/unit-of-work';
import type { Platform } from '../../transport/http/kit/platform';
import { webStream } from '../../transport/http/kit/web-stream';
import { docs, oneOf } from '../../transport/http/kit/wire';
import type { Clientes } from '../clientes/clientes.service';
import { listClientes } from '../clientes/clientes.store';
import type { Licencas } from '../licencas/licencas.service';
import { listLicencas } from '../licencas/licencas.store';
import { licencaView } from '../licencas/licencas.view';
import type { Importacao, RowImporter } from './importacao.service';
import { clienteRows, licencaRows } from './linhas';

const query = t.Object({
  simular: t.Optional(t.BooleanString({ description: 'Confere tudo e não grava nada' })),
  modo: t.Optional(
    oneOf(['tudo_ou_nada', 'pular'] as const, 'Se uma linha ruim recusa o arquivo ou é deixada de fora'),
  ),
});

const reportSchema = t.Object({
  simulacao: t.Boolean(),
  linhas: t.Integer(),
  validas: t.Integer(),
  importadas: t.Integer(),
  total_erros: t.Integer(),
  erros: t.Array(t.Object({ linha: t.Integer(), campo: t.String(), mensagem: t.String() })),
});

interface Dependencies {
  platform: Platform;
  importacao: Importacao;
  clientes: Clientes;
  licencas: Licencas;
  reader: Db;
  clock: Clock;
}

export function importacaoRoutes({ platform, importacao, clientes, licencas, reader, clock }: Dependencies) {
  const csvIn = { requestBody: { required: true, content: { 'text/csv': {} } } };
  const csvOut = { responses: { 200: { description: 'CSV com cabeçalho', content: { 'text/csv': {} } } } };

  function importRoutes(prefix: string, tag: string, name: string, permissao: Permissao, importer: RowImporter) {
    return new Elysia({ prefix }).use(platform).post(
      '/importar',
      async ({ ator, query: { simular = false, modo = 'tudo_ou_nada' }, request }) => {
        const actor = await ator();
        authorize(actor, permissao);
        return importacao.importar(actor, request.body, importer, { simular, modo });
      },
      {
        acesso: permissao,
        parse: 'none',
        query,
        response: { 200: reportSchema },
        detail: {
          ...docs(
            tag,
            `importar${name}`,
            `Importa ${name.toLowerCase()} de um CSV`,
            `Colunas: ${importer.columns.join(', ')}.`,
          ),
          ...csvIn,
        },
      },
    );
  }

  return new Elysia({ name: 'importacao' })
    .use(importRoutes('/clientes', 'Clientes', 'Clientes', 'clientes:criar', clienteRows(reader, clientes, clock.now)))
    .use(importRoutes('/licencas', 'Licenças', 'Licencas', 'licencas:criar', licencaRows(reader, licencas, clock.now)))
    .use(platform)
    .get('/clientes/exportar', () => csv('clientes', exportClientes(reader)), {
      acesso: 'clientes:ler',
      detail: { ...docs('Clientes', 'exportarClientes', 'Todos os clientes em CSV'), ...csvOut },
    })
    .get('/licencas/exportar', () => csv('licencas', exportLicencas(reader, clock)), {
      acesso: 'licencas:ler',
      detail: {
        ...docs('Licenças', 'exportarLicencas', 'Todas as licenças em CSV', 'Das chaves, só o primeiro grupo.'),
        ...csvOut,
      },
    });
}

/** A CSV that reads the database only as fast as the caller takes it. A formula in a name stays a text. */
function csv(name: string, rows: AsyncIterable<Record<string, unknown>>): Response {
  const lines = Readable.from(rows).pipe(stringify({ header: true, escape_formulas: true }));
  return new Response(webStream(lines), {
    headers: { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': `attachment; filename="${name}.csv"` },
  });
}

async function* exportClientes(reader: Db): AsyncGenerator<Record<string, unknown>> {
  for await (const cliente of everyItem('criado_em', (page) => listClientes(reader, page, {}))) {
    const { id, nome, email, telefone, documento, tipo, status, criado_em, atualizado_em } = cliente;
    yield {
      id,
      nome,
      email,
      telefone,
      documento,
      tipo,
      status,
      criado_em: rfc3339(criado_em),
      atualizado_em: rfc3339(atualizado_em),
    };
  }
}

async function* exportLicencas(reader: Db, clock: Clock): AsyncGenerator<Record<string, unknown>> {
  for await (const facts of everyItem('criado_em', (page) => listLicencas(reader, page, {}, clock.now()))) {
    const { licenca } = facts;
    const { id, chave_prefixo, cliente_id, produto, tipo, status } = licencaView(facts, clock.now(), null);
    yield {
      ...{ id, chave_prefixo, cliente_id, produto, tipo, status },
      limite_maquinas: licenca.limite_maquinas,
      maquinas_ativas: licenca.maquinas_ativas,
      recursos: licenca.recursos.join(' '),
      inicia_em: rfc3339(licenca.inicia_em),
      expira_em: rfc3339OrNull(licenca.expira_em),
      criado_em: rfc3339(licenca.criado_em),
    };
  }
}
