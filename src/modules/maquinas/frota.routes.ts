/** Many machines at once over HTTP: counts, and bulk block and command with a result per machine. */

import { Elysia, t } from 'elysia';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, integer, motivoBody, oneOf, uuid } from '../../transport/http/kit/wire';
import { newComandoFields } from './comandos.schema';
import { type Frota, machinesPerCallMax, type ResultadoItem } from './frota.service';
import { fleetFilterFields } from './maquinas.schema';

const tag = 'Máquinas';

const alvoFields = {
  ids: t.Optional(t.Array(uuid, { minItems: 1, maxItems: machinesPerCallMax, description: 'As máquinas, por id' })),
  filtro: t.Optional(t.Object(fleetFilterFields, { description: 'Ou todas as que o filtro alcança' })),
};

const resultSchema = t.Object({
  total: integer(),
  feitas: integer(),
  inalteradas: integer(),
  erros: integer(),
  itens: t.Array(
    t.Object({
      id: uuid,
      resultado: oneOf(['feito', 'inalterado', 'erro']),
      codigo: t.Optional(t.String({ description: 'Do erro, como na chamada de uma máquina só' })),
      detalhe: t.Optional(t.String()),
      comando_id: t.Optional(uuid),
    }),
  ),
});

function resultView(itens: ResultadoItem[]): typeof resultSchema.static {
  const count = (resultado: string) => itens.filter((item) => item.resultado === resultado).length;
  return {
    total: itens.length,
    feitas: count('feito'),
    inalteradas: count('inalterado'),
    erros: count('erro'),
    itens,
  };
}

export function frotaRoutes(platform: Platform, frota: Frota) {
  return new Elysia({ prefix: '/maquinas' })
    .use(platform)
    .get('/resumo', async ({ ator, query }) => frota.resumo(await ator(), query), {
      acesso: 'maquinas:ler',
      query: t.Object(fleetFilterFields),
      response: {
        200: t.Object({
          total: integer(),
          por_status: t.Object({
            online: integer(),
            offline: integer(),
            bloqueada: integer(),
            nunca_vista: integer(),
            perdida: integer(),
          }),
        }),
      },
      detail: docs(tag, 'resumirMaquinas', 'Quantas máquinas há em cada status'),
    })
    .post(
      '/bloquear',
      async ({ ator, body: { motivo, ...alvo } }) => resultView(await frota.bloquear(await ator(), alvo, motivo)),
      {
        acesso: 'maquinas:bloquear',
        body: t.Object({ ...alvoFields, ...motivoBody.properties }),
        response: { 200: resultSchema },
        detail: docs(
          tag,
          'bloquearMaquinas',
          'Bloqueia muitas máquinas',
          'Até 10.000 por chamada; repetir não muda nada.',
        ),
      },
    )
    .post('/desbloquear', async ({ ator, body }) => resultView(await frota.desbloquear(await ator(), body)), {
      acesso: 'maquinas:bloquear',
      body: t.Object(alvoFields),
      response: { 200: resultSchema },
      detail: docs(tag, 'desbloquearMaquinas', 'Desbloqueia muitas máquinas', 'Até 10.000 por chamada.'),
    })
    .post(
      '/comandos',
      async ({ ator, body: { ids, filtro, ...comando } }) =>
        resultView(await frota.comandar(await ator(), { ids, filtro }, comando)),
      {
        acesso: 'maquinas:executar',
        body: t.Object({ ...alvoFields, ...newComandoFields }),
        response: { 200: resultSchema },
        detail: docs(
          tag,
          'enviarComandos',
          'Envia um comando a muitas máquinas',
          'Até 10.000 por chamada; use Idempotency-Key para poder repetir sem duplicar.',
        ),
      },
    );
}
