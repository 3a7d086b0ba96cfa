/** Every failure as an answer: problem details for the API (RFC 9457), RFC 6749 errors for tokens. */

import { ValidationError } from 'elysia';
import { type FieldError, Problem } from '../../core/problem';
import { OAuthError } from '../../modules/acesso/oauth.model';
import { contextOf } from './kit/context';

const errorsReportedMax = 20;

/** The answer to a failure, or null when it is a bug that has to be logged first. */
export function errorResponse(thrown: unknown, code: string | number, request: Request): Response | null {
  // What is thrown while a body is read arrives inside Elysia's ParseError.
  const error = thrown instanceof Error && thrown.cause instanceof Problem ? thrown.cause : thrown;
  if (error instanceof OAuthError) return oauthResponse(error);
  const problem = toProblem(error, code, request);
  return problem ? problemResponse(problem, request) : null;
}

/** A problem as an answer. Every 429 and 5xx says that the caller may rely on nothing but its certificate. */
export function problemResponse(problem: Problem, request: Request): Response {
  const document = problem.document(new URL(request.url).pathname, contextOf(request).requestId);
  if (problem.status === 429 || problem.status >= 500) document.definitivo = false;
  return new Response(JSON.stringify(maskKeys(document)), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(problem.status === 401 ? { 'WWW-Authenticate': challenge(problem) } : {}),
      ...problem.details.headers,
    },
  });
}

/** RFC 6750, 3: a token that was given and is no good is named as the error. */
function challenge(problem: Problem): string {
  return `Bearer realm="narcidicontrol"${problem.codigo === 'TOKEN_INVALIDO' ? ', error="invalid_token"' : ''}`;
}

/** The key of a licence stands in some paths; an answer must not repeat it into somebody's log. */
function maskKeys(document: Record<string, unknown>): Record<string, unknown> {
  if (typeof document.instance !== 'string') return document;
  return { ...document, instance: maskPath(document.instance) };
}

const keyInPath =
  /(\/(?:licencas\/(?:ativar|desativar|verificar)|uploads\/feeds\/(?:electron|tauri))\/)([^/?]{0,5})[^/?]*/;

/** A path with the licence key in it, if any, cut to its first group. */
export function maskPath(path: string): string {
  return path.replace(keyInPath, '$1$2…');
}

function toProblem(error: unknown, code: string | number, request: Request): Problem | null {
  if (error instanceof Problem) return error;
  if (error instanceof ValidationError) return error.type === 'response' ? null : validationProblem(error, request);
  if (code === 'NOT_FOUND') return new Problem('NAO_ENCONTRADO', { detalhe: 'Não há nada neste endereço.' });
  if (code === 'PARSE') return new Problem('JSON_INVALIDO');
  if (code === 'INVALID_FILE_TYPE') return new Problem('TIPO_DE_CONTEUDO');
  return null;
}

function validationProblem(error: ValidationError, request: Request): Problem {
  const erros: FieldError[] = [];
  for (const found of error.all) {
    if (erros.length >= errorsReportedMax) break;
    if (!('path' in found) || typeof found.path !== 'string') continue;
    const campo = found.path.replace(/^\//, '').replaceAll('/', '.') || parameterOf(found, request) || error.type;
    if (erros.some((known) => known.campo === campo)) continue;
    erros.push({ campo, mensagem: messageOf(found) });
  }
  const first = erros[0];
  return new Problem('VALIDACAO', { detalhe: first ? `${first.campo}: ${first.mensagem}` : undefined, erros });
}

/** Elysia does not say which parameter held the number that it could not take: the one with that value. */
function parameterOf(found: object, request: Request): string | undefined {
  if (!('value' in found)) return undefined;
  const text = String(found.value);
  return [...new URL(request.url).searchParams].find(
    ([, value]) => value === text || Number(value) === found.value,
  )?.[0];
}

/** What a field must be, in words, from its schema. */
function messageOf(found: object): string {
  const schema = 'schema' in found && typeof found.schema === 'object' && found.schema !== null ? found.schema : {};
  const value = 'value' in found ? found.value : undefined;
  if (value === undefined) return 'é obrigatório';
  const rule = new Map<string, unknown>(Object.entries(schema));
  if (typeof rule.get('error') === 'string') return String(rule.get('error'));
  const anyOf = rule.get('anyOf');
  if (Array.isArray(anyOf)) {
    const values = anyOf.map((one: { const?: unknown }) => one.const).filter((one) => one !== undefined);
    if (values.length > 0) return `deve ser um destes: ${values.join(', ')}`;
  }
  if (rule.get('format') === 'email') return 'deve ser um endereço de e-mail';
  if (rule.get('format') === 'uuid') return 'deve ser um UUID';
  if (rule.get('format') === 'date-time') return 'deve ser uma data e hora RFC 3339, como 2026-11-24T14:05:00Z';
  const bounds = [
    rule.has('minLength') ? `ao menos ${rule.get('minLength')} caracteres` : '',
    rule.has('maxLength') ? `no máximo ${rule.get('maxLength')} caracteres` : '',
    rule.has('minimum') ? `no mínimo ${rule.get('minimum')}` : '',
    rule.has('maximum') ? `no máximo ${rule.get('maximum')}` : '',
    rule.has('pattern') ? 'sem caracteres de controle' : '',
  ].filter(Boolean);
  const kind = {
    string: 'um texto',
    integer: 'um número inteiro',
    number: 'um número',
    boolean: 'true ou false',
    array: 'uma lista',
    object: 'um objeto',
  };
  const type = Object.entries(kind).find(([name]) => name === rule.get('type'))?.[1] ?? 'outro valor';
  return bounds.length > 0 ? `deve ser ${type}, ${bounds.join(', ')}` : `deve ser ${type}`;
}

function oauthResponse(error: OAuthError): Response {
  const status = error.error === 'invalid_client' ? 401 : 400;
  return Response.json(
    { ...error.extra, error: error.error, error_description: error.description },
    {
      status,
      headers: {
        'Cache-Control': 'no-store',
        Pragma: 'no-cache',
        ...(status === 401 ? { 'WWW-Authenticate': 'Basic realm="narcidicontrol"' } : {}),
      },
    },
  );
}
