/** Shapes that the routes of access share. */

import { t } from 'elysia';
import { line } from '../../transport/http/kit/wire';

const permissoesMax = 200;

export const permissoesField = t.Array(t.String({ maxLength: 64 }), {
  maxItems: permissoesMax,
  description: 'modulo:acao; * vale por qualquer um',
  examples: [['clientes:ler', 'licencas:*', '*:ler']],
});

export const nomeField = line(200, { minLength: 1, examples: ['Ana Souza'] });
export const emailField = t.String({ format: 'email', maxLength: 254, examples: ['ana@exemplo.com.br'] });
/** Its length and strength are the model's to judge, with a better message than a schema has. */
export const senhaField = t.String({ maxLength: 1024, description: '8 caracteres ou mais, difícil de adivinhar' });
