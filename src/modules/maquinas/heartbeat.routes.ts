/** Heartbeats over HTTP, by the machine's own token. */

import { Elysia } from 'elysia';
import type { Clock } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { Platform } from '../../transport/http/kit/platform';
import { docs, jsonContent } from '../../transport/http/kit/wire';
import type { Estado } from './estado.service';
import { machineEffect } from './maquinas.model';
import { heartbeatAnswerSchema, heartbeatBodyDocument } from './maquinas.schema';
import type { Presenca } from './presenca.service';

interface Dependencies {
  platform: Platform;
  presenca: Presenca;
  estado: Estado;
  clock: Clock;
  heartbeatIntervalSeconds: number;
}

export function heartbeatRoutes({ platform, presenca, estado, clock, heartbeatIntervalSeconds }: Dependencies) {
  return new Elysia({ prefix: '/maquinas' }).use(platform).post(
    '/heartbeat',
    async ({ ator, body }) => {
      const { id } = await ator();
      const recebidos = await presenca.heartbeat(id ?? '', body);
      const found = estado.load(id ?? '');
      if (!found) throw new Problem('TOKEN_INVALIDO');
      const now = clock.now();
      const efeito = machineEffect(found, now);
      return {
        recebidos,
        maquina: {
          bloqueada: efeito.bloqueada,
          codigo: efeito.codigo,
          motivo_bloqueio: efeito.motivo,
          revisao: found.maquina.revisao,
        },
        intervalo_s: heartbeatIntervalSeconds,
        certificado: estado.certificate(found, efeito, now),
      };
    },
    {
      acesso: 'maquina',
      response: { 200: heartbeatAnswerSchema },
      detail: {
        ...docs('Máquinas', 'enviarHeartbeat', 'Recebe um heartbeat ou um acúmulo deles'),
        requestBody: { required: true, content: jsonContent(heartbeatBodyDocument) },
      },
    },
  );
}
