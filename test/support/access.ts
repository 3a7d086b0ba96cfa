/** People and programs with given rights, made through the API. */

import { type Answer, httpClient, logIn, type TestServer, unique } from './app';

export const senhaForte = 'um-bule-azul-na-janela';

export interface TestUser {
  id: string;
  email: string;
  token: string;
  refreshToken: string;
  call: TestServer['call'];
}

/** The id of a profile by its name. */
export async function perfilId(server: Pick<TestServer, 'call'>, nome: string): Promise<string> {
  const { body } = await server.call('GET', '/perfis?limite=200');
  const found = body.itens.find((perfil: { nome: string }) => perfil.nome === nome);
  if (!found) throw new Error(`no profile ${nome}`);
  return found.id;
}

/** A new user, logged in: of a built-in profile by its name, or of a profile made for the permissions. */
export async function userWith(
  server: Pick<TestServer, 'call' | 'url'>,
  perfil: string | readonly string[],
): Promise<TestUser> {
  const perfil_id =
    typeof perfil === 'string'
      ? await perfilId(server, perfil)
      : (await server.call('POST', '/perfis', { nome: unique('perfil'), permissoes: perfil })).body.id;
  const email = `${unique('pessoa')}@exemplo.com.br`;
  const made = await server.call('POST', '/usuarios', { nome: 'Pessoa', email, senha: senhaForte, perfil_id });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  return { id: made.body.id, email, ...(await session(server.url, email)) };
}

/** A new session of a user of `userWith`. */
export async function session(
  url: string,
  email: string,
): Promise<{ token: string; refreshToken: string; call: TestServer['call'] }> {
  const { status, body } = await logIn(url, email, senhaForte);
  if (status !== 200) throw new Error(JSON.stringify(body));
  return {
    token: body.access_token,
    refreshToken: body.refresh_token,
    call: httpClient(url, body.access_token),
  };
}

/** A call of the token endpoint. */
export async function grant(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const body = new URLSearchParams(form);
  const response = await fetch(`${url}/api/v1/auth/token`, { method: 'POST', body, headers });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A token for an API key, by HTTP Basic. */
export async function clientCredentials(url: string, id: string, secret: string): Promise<Answer> {
  const authorization = `Basic ${btoa(`${id}:${secret}`)}`;
  return grant(url, { grant_type: 'client_credentials' }, { authorization });
}
