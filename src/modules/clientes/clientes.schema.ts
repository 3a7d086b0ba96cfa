/** Customers on the wire. */

import { t } from 'elysia';
import { rfc3339 } from '../../core/clock';
import { line, metadados, oneOf, textOrNull, timestamp, uuid } from '../../transport/http/kit/wire';
import { type Cliente, clienteStatus, clienteTipos } from './clientes.model';

const fields = {
  nome: line(300, { minLength: 1, examples: ['Padaria Três Irmãos Ltda'] }),
  email: t.String({ format: 'email', maxLength: 254, examples: ['financeiro@tresirmaos.com.br'] }),
  telefone: t.Optional(t.Union([line(40), t.Null()])),
  documento: t.Optional(
    t.Union([line(24, { description: 'CPF ou CNPJ, também alfanumérico', examples: ['12ABC34501DE35'] }), t.Null()]),
  ),
  tipo: t.Optional(oneOf(clienteTipos)),
  metadados: t.Optional(metadados),
};

export const novoClienteBody = t.Object(fields);
export const editClienteBody = t.Partial(t.Object(fields));

export const clienteFilterQuery = {
  status: t.Optional(oneOf(clienteStatus)),
  tipo: t.Optional(oneOf(clienteTipos)),
  email: t.Optional(t.String({ maxLength: 254 })),
  documento: t.Optional(t.String({ maxLength: 24 })),
};

export const clienteSchema = t.Object({
  id: uuid,
  nome: t.String(),
  email: t.String(),
  telefone: textOrNull,
  documento: textOrNull,
  tipo: oneOf(clienteTipos),
  status: oneOf(clienteStatus),
  motivo_bloqueio: textOrNull,
  metadados: t.Record(t.String(), t.Unknown()),
  criado_em: timestamp,
  atualizado_em: timestamp,
});

export function clienteView(cliente: Cliente): typeof clienteSchema.static {
  const { rev: _, criado_em, atualizado_em, ...rest } = cliente;
  return { ...rest, criado_em: rfc3339(criado_em), atualizado_em: rfc3339(atualizado_em) };
}
