/** How calls fail: one answer a status, with the codes of the catalogue as its examples. */

import { Problem, type ProblemCode, problemCatalogue } from '../../../core/problem';
import type { Answer, Operation } from './parts';

const problemType = 'application/problem+json';
const requestId = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';
const schema = { $ref: '#/components/schemas/Problema' };
/** Calls that answer as OAuth 2 wants it. */
const oauthCalls = new Set(['obterToken', 'revogarToken']);

const words: Readonly<Record<string, string>> = {
  '400': 'A requisição não pôde ser lida',
  '401': 'Falta a credencial, ou não vale',
  '403': 'Não pode',
  '404': 'Não existe',
  '409': 'O estado atual não permite',
  '410': 'Não existe mais',
  '412': 'O registro mudou desde que foi lido',
  '413': 'Grande demais',
  '415': 'O tipo de conteúdo não é aceito',
  '416': 'A faixa está fora do arquivo',
  '422': 'Há campos inválidos',
  '429': 'Requisições demais; Retry-After diz quando tentar de novo',
};

export const oauthErrorSchema = {
  type: 'object',
  description: 'RFC 6749, 5.2',
  required: ['error', 'error_description'],
  properties: {
    error: { type: 'string', examples: ['invalid_grant'] },
    error_description: { type: 'string', examples: ['E-mail ou senha incorretos.'] },
    otp_necessario: { type: 'boolean', description: 'Falta o código do segundo fator' },
  },
};

/** The answers that operations refer to, as `Falha404`; `Falha` is what nobody expects. */
export function problemResponses(): Record<string, Answer> {
  const catalogue = problemCatalogue();
  const statuses = Object.keys(words);
  const named = statuses.map((status): [string, Answer] => {
    const codes = catalogue.filter((one) => String(one.status) === status);
    return [`Falha${status}`, answer(status, words[status] ?? '', codes.map(exampleOf))];
  });
  const unexpected = catalogue.filter(({ status }) => status >= 500).map(exampleOf);
  return {
    ...Object.fromEntries(named),
    Falha: answer('default', 'Falha do servidor: tente de novo, e confie no certificado', unexpected),
    FalhaOAuth: {
      description: 'Falha como OAuth 2 a diz',
      content: {
        'application/json': {
          schema: { $ref: '#/components/schemas/FalhaOAuth' },
          example: { error: 'invalid_grant', error_description: 'E-mail ou senha incorretos.' },
        },
      },
    },
  };
}

function answer(
  status: string,
  description: string,
  examples: [string, { summary: string; value: unknown }][],
): Answer {
  const headers: Record<string, object> = { 'X-Request-Id': header('Identifica a requisição no log', requestId) };
  if (status === '401') headers['WWW-Authenticate'] = header('RFC 6750', 'Bearer realm="narcidicontrol"');
  if (status === '429') headers['Retry-After'] = header('Segundos até tentar de novo', '30');
  const [only, ...others] = examples;
  const shown = only && others.length === 0 ? { example: only[1].value } : { examples: Object.fromEntries(examples) };
  return { description, headers, content: { [problemType]: { schema, ...shown } } };
}

const header = (description: string, example: string) => ({ description, schema: { type: 'string' }, example });

function exampleOf({
  codigo,
  status,
  titulo,
}: ReturnType<typeof problemCatalogue>[number]): [string, { summary: string; value: unknown }] {
  const erros = codigo === 'VALIDACAO' ? [{ campo: 'nome', mensagem: 'é obrigatório' }] : undefined;
  // The catalogue's own names.
  const problem = new Problem(codigo as ProblemCode, erros ? { erros } : {});
  const value = problem.document('/api/v1/licencas', requestId);
  return [
    codigo,
    { summary: titulo, value: status === 429 || status >= 500 ? { ...value, definitivo: false } : value },
  ];
}

interface Call {
  path: string;
  method: string;
  operation: Operation;
}

/** The failures that a call may end in, by status. */
export function failuresOf({ path, method, operation }: Call): Record<string, Answer> {
  const { operationId, security = [], parameters = [], requestBody } = operation;
  const inApi = path.startsWith('/api/v1/');
  const isPublic = security.length === 0;
  const byPath = path.includes('{');
  const writes = method !== 'get';
  const mayFail: Readonly<Record<string, boolean>> = {
    '400': true,
    '401': !isPublic,
    // Where there is no token the key of a licence, a code or an address is what may not be good.
    '403': !isPublic || byPath || requestBody !== undefined,
    '404': byPath,
    '409': writes && inApi,
    '410': operationId === 'concluirSetup' || operationId === 'baixarVersao',
    '412': method === 'put' && byPath,
    '413': requestBody !== undefined,
    '415': requestBody !== undefined && !('application/json' in requestBody.content),
    '416': operationId === 'baixarVersao' || operationId === 'baixarBackup',
    '422': inApi && (writes || parameters.length > 0),
    '429': inApi,
  };
  const failures = Object.entries(mayFail)
    .filter(([, may]) => may)
    .map(([status]): [string, Answer] => [status, { $ref: `#/components/responses/Falha${status}` }]);
  const answers: Record<string, Answer> = Object.fromEntries(failures);
  if (oauthCalls.has(operationId)) {
    answers['400'] = { $ref: '#/components/responses/FalhaOAuth' };
    answers['401'] = { $ref: '#/components/responses/FalhaOAuth' };
  }
  return { ...answers, default: { $ref: '#/components/responses/Falha' } };
}
