/** What a webhook is sent: the envelope, or what its own template makes of it. */

import { createTemplates, TemplateError } from '../../core/template';

const templates = createTemplates({ forHtml: false });

/** The event as it lies in the outbox; `dados` is JSON already. */
export interface EventoGravado {
  id: string;
  tipo: string;
  em: string;
  dados: string;
  request_id: string | null;
}

/** @throws TemplateError for what is no template. */
export function checkModelo(modelo: string): void {
  templates.check(modelo);
}

/**
 * The body of a delivery.
 * @param modelo Liquid over `id, tipo, em, dados, request_id`, yielding JSON; null for the envelope itself.
 * @throws TemplateError when the template fails or yields no JSON.
 */
export function corpoOf(evento: EventoGravado, modelo: string | null): string {
  const { id, tipo, em, dados, request_id } = evento;
  const envelope = `{"id":"${id}","tipo":"${tipo}","em":"${em}","dados":${dados},"request_id":${JSON.stringify(request_id)}}`;
  if (modelo === null) return envelope;
  const body = templates.render(modelo, JSON.parse(envelope) as object);
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    throw new TemplateError('o modelo não resultou em JSON; use o filtro json nos valores: {{ dados.nome | json }}');
  }
}
