/** Commands on the wire. */

import { t } from 'elysia';
import { rfc3339, rfc3339OrNull } from '../../core/clock';
import { oneOf, textOrNull, timestamp, timestampOrNull, uuid } from '../../transport/http/kit/wire';
import { type Comando, comandoStatus, comandoStatusAt, comandoTipos } from './comandos.model';

export const comandoSchema = t.Object({
  id: uuid,
  maquina_id: uuid,
  tipo: oneOf(comandoTipos),
  dados: t.Unsafe<Record<string, unknown>>(t.Any()),
  status: oneOf(comandoStatus),
  detalhe: textOrNull,
  criado_em: timestamp,
  expira_em: timestamp,
  enviado_em: timestampOrNull,
  recebido_em: timestampOrNull,
  concluido_em: timestampOrNull,
  atualizado_em: timestamp,
});

export const newComandoFields = {
  tipo: oneOf(comandoTipos),
  dados: t.Optional(
    // Any, checked by the model: a record would turn a list into an object without a word.
    t.Unsafe<Record<string, unknown>>(
      t.Any({
        description: 'O que o comando leva, até 16 KiB',
        examples: [{ texto: 'Manutenção hoje às 22 h.', nivel: 'aviso' }],
      }),
    ),
  ),
  expira_em: t.Optional({ ...timestamp, description: 'Depois disso não é mais entregue; 7 dias, se não for dito' }),
};

export const comandoFilterQuery = {
  status: t.Optional(oneOf(comandoStatus)),
  tipo: t.Optional(oneOf(comandoTipos)),
};

export function comandoView(comando: Comando, now: number): typeof comandoSchema.static {
  return {
    id: comando.id,
    maquina_id: comando.maquina_id,
    tipo: comando.tipo,
    dados: comando.dados,
    status: comandoStatusAt(comando, now),
    detalhe: comando.detalhe,
    criado_em: rfc3339(comando.criado_em),
    expira_em: rfc3339(comando.expira_em),
    enviado_em: rfc3339OrNull(comando.enviado_em),
    recebido_em: rfc3339OrNull(comando.recebido_em),
    concluido_em: rfc3339OrNull(comando.concluido_em),
    atualizado_em: rfc3339(comando.atualizado_em),
  };
}
