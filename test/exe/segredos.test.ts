import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { clientCredentials } from '../support/access';
import { activate, admin, adminClient, createLicenca, httpClient, logIn } from '../support/app';
import { run, scratch, serve } from '../support/executable';

test('no secret reaches the log, not even at its most talkative', async () => {
  const { path, remove } = scratch();
  const server = await serve(path, { NARCIDI_LOG_LEVEL: 'trace' });
  const call = await adminClient(server.url);
  const { licenca } = await createLicenca({ call });
  const { body: machine } = await activate({ call }, licenca.chave);
  const { body: key } = await call('POST', '/chaves-api', { nome: 'K', permissoes: ['planos:ler'] });
  const { body: token } = await clientCredentials(server.url, key.client_id, key.client_secret);
  const { body: session } = await logIn(server.url, admin.email, admin.senha);
  await logIn(server.url, admin.email, 'uma-senha-errada');
  await httpClient(server.url, null)('GET', `/licencas/verificar/${licenca.chave}?impressao=x`);
  await httpClient(server.url, null)('POST', `/licencas/ativar/${licenca.chave}`, '{');
  await httpClient(server.url, machine.token)('POST', '/maquinas/heartbeat', { cpu: 101 });
  await server.signal('SIGTERM');
  const log = JSON.stringify(server.lines);
  const secrets = [licenca.chave, machine.token, key.client_secret, token.access_token, session.refresh_token];
  for (const secret of [...secrets, admin.senha, 'uma-senha-errada']) expect(log).not.toContain(secret);
  remove();
});

test('the keys rotate under a running server and nobody is logged out; an old key is of no use for long', async () => {
  const { path, remove } = scratch();
  const data = join(path, 'dados');
  const server = await serve(data, { NARCIDI_TOKEN_TTL: '30' });
  const before = (await logIn(server.url, admin.email, admin.senha)).body;
  const me = (token: string) => httpClient(server.url, token)('GET', '/auth/me');
  const rotated = await run(['keys', 'rotate', '--data', data]);
  expect([rotated.exitCode, rotated.stderr]).toEqual([0, '']);
  expect((await me(before.access_token)).status).toBe(200);
  const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: before.refresh_token });
  const response = await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: form });
  const after = (await response.json()) as { access_token: string };
  expect(response.status).toBe(200);
  const kids = [before, after].map(({ access_token }) => decodeProtectedHeader(access_token).kid);
  expect(new Set(kids).size).toBe(2);
  expect((await me(after.access_token)).status).toBe(200);
  await server.signal('SIGTERM');
  // A moved clock stands in for the time that passes: what the old key signed is over, however long it was made to live.
  const later = await serve(data, { NARCIDI_TOKEN_TTL: '30', NARCIDI_CLOCK_OFFSET: '120' });
  expect((await httpClient(later.url, before.access_token)('GET', '/auth/me')).status).toBe(401);
  await later.signal('SIGTERM');
  remove();
});
