/** The calls whose credential is the licence key itself: activate, deactivate, verify. */

import { Elysia, t } from 'elysia';
import type { Clock } from '../../core/clock';
import { anonymous, contextOf } from '../../transport/http/kit/context';
import type { Platform } from '../../transport/http/kit/platform';
import type { RateLimiter } from '../../transport/http/kit/rate-limit';
import { docs, jsonContent } from '../../transport/http/kit/wire';
import { maquinaSchema, mqttAccess, mqttAccessSchema } from '../maquinas/maquinas.schema';
import { maquinaView } from '../maquinas/maquinas.view';
import type { Activation, Ativacao } from './ativacao.service';
import {
  chaveParams,
  desativarBody,
  licencaSchema,
  machineFields,
  verificacaoItem,
  verificacaoSchema,
  verificarQuery,
} from './licencas.schema';
import { licencaView } from './licencas.view';
import type { Verificacao } from './verificacao.service';
import { type VerificarHttp, verificarPrefix } from './verificar.http';

const tag = 'Chave de licença';

export const activationSchema = t.Object({
  maquina: maquinaSchema,
  token: t.String({ description: 'Credencial da máquina, para MQTT e HTTP' }),
  mqtt: mqttAccessSchema,
  licenca: licencaSchema,
  certificado: t.String(),
});

interface Dependencies {
  platform: Platform;
  ativacao: Ativacao;
  verificacao: Verificacao;
  verificar: VerificarHttp;
  limiter: RateLimiter;
  onUnknownKey(ip: string | null): void;
  clock: Clock;
  mqttUrl(): string;
}

/** An activation on the wire. */
export function activationView(activation: Activation, now: number, mqttUrl: string): typeof activationSchema.static {
  const { maquina, facts, assento, token, certificado } = activation;
  const { licenca, cliente, motivoCliente } = facts;
  return {
    maquina: maquinaView({ maquina, licenca, cliente, motivoCliente, ...(assento ? { assento } : {}) }, null, now),
    token,
    mqtt: mqttAccess(maquina.id, token, mqttUrl),
    licenca: licencaView(facts, now, null),
    certificado,
  };
}

export function chaveRoutes(dependencies: Dependencies) {
  const { platform, ativacao, verificacao, verificar, limiter, onUnknownKey, clock, mqttUrl } = dependencies;

  return new Elysia({ prefix: '/licencas' })
    .use(platform)
    .post(
      '/ativar/:chave',
      async ({ params, body, request, set }) => {
        Object.assign(set.headers, limiter.take(contextOf(request).ip));
        const activation = await ativacao.ativar(anonymous(request), params.chave, body);
        set.status = activation.nova ? 201 : 200;
        if (activation.nova) set.headers.location = `/api/v1/maquinas/${activation.maquina.id}`;
        return activationView(activation, clock.now(), mqttUrl());
      },
      {
        acesso: 'publico',
        params: chaveParams,
        body: t.Object(machineFields),
        response: { 200: activationSchema, 201: activationSchema },
        detail: docs(
          tag,
          'ativarPorChave',
          'Ativa uma máquina',
          'Repetida com a mesma impressão, devolve a mesma máquina e o mesmo token.',
        ),
      },
    )
    .post(
      '/desativar/:chave',
      async ({ params, body, request, set }) => {
        Object.assign(set.headers, limiter.take(contextOf(request).ip));
        const { maquina, facts } = await ativacao.desativar(anonymous(request), params.chave, body.impressao);
        const { licenca, cliente, motivoCliente } = facts;
        const now = clock.now();
        return {
          maquina: maquinaView({ maquina, licenca, cliente, motivoCliente }, null, now),
          licenca: licencaView(facts, now, null),
        };
      },
      {
        acesso: 'publico',
        params: chaveParams,
        body: desativarBody,
        response: { 200: t.Object({ maquina: maquinaSchema, licenca: licencaSchema }) },
        detail: docs(tag, 'desativarPorChave', 'Desativa uma máquina e libera o assento'),
      },
    )
    .post(
      '/verificar',
      ({ body, request, set }) => {
        // Each licence of a batch counts like a call of its own.
        const { ip } = contextOf(request);
        for (const _ of body.itens) Object.assign(set.headers, limiter.take(ip));
        const itens = body.itens.map((item) => ({ ...verificacao.verificar(item) }));
        for (const { codigo } of itens) if (codigo === 'NAO_ENCONTRADA') onUnknownKey(ip);
        return { itens };
      },
      {
        acesso: 'publico',
        body: t.Object({ itens: t.Array(verificacaoItem, { minItems: 1, maxItems: 500 }) }),
        response: { 200: t.Object({ itens: t.Array(verificacaoSchema) }) },
        detail: docs(
          tag,
          'verificarLicencas',
          'Verifica até 500 licenças de uma vez',
          'Para servidores; as respostas vêm na ordem pedida.',
        ),
      },
    )
    .get(
      '/verificar/:chave',
      ({ request }) => {
        const { ip, requestId } = contextOf(request);
        return verificar(request.url.slice(request.url.indexOf(verificarPrefix)), ip, requestId);
      },
      {
        query: verificarQuery,
        params: chaveParams,
        detail: {
          ...docs(tag, 'verificarLicenca', 'Verifica uma licença', 'Responde sempre 200; o veredito está em codigo.'),
          responses: { 200: { description: 'O veredito', content: jsonContent(verificacaoSchema) } },
        },
      },
    );
}
