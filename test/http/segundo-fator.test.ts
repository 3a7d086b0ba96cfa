import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { Secret, TOTP } from 'otpauth';
import { grant, perfilId, senhaForte, session, type TestUser, userWith } from '../support/access';
import { startServer, type TestServer } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** An authenticator; each code it gives is one step of 30 seconds later than the one before. */
function authenticator(segredo: string): () => string {
  const totp = new TOTP({ secret: Secret.fromBase32(segredo), algorithm: 'SHA1', digits: 6, period: 30 });
  let steps = -1;
  return () => {
    steps += 1;
    return totp.generate({ timestamp: Date.now() + (steps - 1) * 30_000 });
  };
}

async function enrol(user: TestUser): Promise<{ code: () => string; codigos: string[] }> {
  const begun = await user.call('POST', '/auth/2fa', { senha: senhaForte });
  expect(begun.body.uri).toStartWith('otpauth://totp/narcidicontrol');
  const code = authenticator(begun.body.segredo);
  const confirmed = await user.call('POST', '/auth/2fa/confirmar', { otp: code() });
  expect(confirmed.status).toBe(200);
  return { code, codigos: confirmed.body.codigos_de_recuperacao };
}

const passwordGrant = (email: string, otp?: string) =>
  grant(server.url, { grant_type: 'password', username: email, password: senhaForte, ...(otp ? { otp } : {}) });

describe('the second factor', () => {
  test('is asked for once it is confirmed, and its code counts once', async () => {
    const user = await userWith(server, 'leitura');
    expect((await user.call('GET', '/auth/2fa')).body).toEqual({ ativo: false, codigos_restantes: 0 });
    const { code } = await enrol(user);
    expect((await user.call('GET', '/auth/2fa')).body).toEqual({ ativo: true, codigos_restantes: 10 });
    const without = await passwordGrant(user.email);
    expect([without.status, without.body.error, without.body.otp_necessario]).toEqual([400, 'invalid_grant', true]);
    const otp = code();
    expect((await passwordGrant(user.email, otp)).status).toBe(200);
    const replayed = await passwordGrant(user.email, otp);
    expect([replayed.status, replayed.body.error]).toEqual([400, 'invalid_grant']);
    expect((await passwordGrant(user.email, '000000')).status).toBe(400);
    const wrongPassword = { grant_type: 'password', username: user.email, password: 'errada', otp: code() };
    const answer = await grant(server.url, wrongPassword);
    expect([answer.status, answer.body.otp_necessario]).toEqual([400, undefined]);
  });

  test('the code that confirmed it does not log in', async () => {
    const user = await userWith(server, 'leitura');
    const begun = await user.call('POST', '/auth/2fa', { senha: senhaForte });
    const otp = authenticator(begun.body.segredo)();
    expect((await user.call('POST', '/auth/2fa/confirmar', { otp })).status).toBe(200);
    expect((await passwordGrant(user.email, otp)).status).toBe(400);
  });

  test('each recovery code logs in once, however it is typed', async () => {
    const user = await userWith(server, 'leitura');
    const { codigos } = await enrol(user);
    expect(new Set(codigos).size).toBe(10);
    const [first = '', second = ''] = codigos;
    expect((await passwordGrant(user.email, first)).status).toBe(200);
    expect((await passwordGrant(user.email, first)).status).toBe(400);
    expect((await passwordGrant(user.email, second.toUpperCase().replace('-', ' '))).status).toBe(200);
    expect((await user.call('GET', '/auth/2fa')).body.codigos_restantes).toBe(8);
  });

  test('codes are renewed and it is turned off with password and code only', async () => {
    const user = await userWith(server, 'leitura');
    const { codigos } = await enrol(user);
    const [first = '', second = '', third = ''] = codigos;
    for (const path of ['/auth/2fa/codigos', '/auth/2fa/desativar']) {
      expect((await user.call('POST', path, { senha: 'errada-errada', otp: first })).status).toBe(422);
      expect((await user.call('POST', path, { senha: senhaForte, otp: '000000' })).status).toBe(422);
    }
    const renewed = await user.call('POST', '/auth/2fa/codigos', { senha: senhaForte, otp: second });
    expect(renewed.status).toBe(200);
    expect((await passwordGrant(user.email, third)).status).toBe(400);
    const otp = renewed.body.codigos_de_recuperacao[0];
    expect((await user.call('POST', '/auth/2fa/desativar', { senha: senhaForte, otp })).status).toBe(204);
    expect((await passwordGrant(user.email)).status).toBe(200);
  });

  test('is not begun without the password, nor confirmed with a wrong code, nor begun twice', async () => {
    const user = await userWith(server, 'leitura');
    expect((await user.call('POST', '/auth/2fa', { senha: 'errada-errada' })).status).toBe(422);
    expect((await user.call('POST', '/auth/2fa/confirmar', { otp: '123456' })).status).toBe(409);
    await user.call('POST', '/auth/2fa', { senha: senhaForte });
    expect((await user.call('POST', '/auth/2fa/confirmar', { otp: '12345' })).status).toBe(422);
    expect((await passwordGrant(user.email)).status).toBe(200);
    await enrol(user);
    expect((await user.call('POST', '/auth/2fa', { senha: senhaForte })).status).toBe(409);
  });

  test('is removed by whoever may look after the account, which ends its sessions', async () => {
    const user = await userWith(server, 'leitura');
    await enrol(user);
    const other = await userWith(server, ['usuarios:editar']);
    expect((await other.call('DELETE', `/usuarios/${user.id}/2fa`)).status).toBe(403);
    expect((await server.call('DELETE', `/usuarios/${user.id}/2fa`)).status).toBe(204);
    expect((await user.call('GET', '/auth/me')).status).toBe(401);
    expect((await passwordGrant(user.email)).status).toBe(200);
    expect(await perfilId(server, 'leitura')).toBeString();
  });
});

describe('sessions', () => {
  test('are listed with address and agent, and ended one by one or all but this one', async () => {
    const user = await userWith(server, 'leitura');
    const second = await session(server.url, user.email);
    const third = await session(server.url, user.email);
    const { body } = await user.call('GET', '/auth/sessoes');
    expect(body.itens.length).toBe(3);
    expect(body.itens.filter(({ atual }: { atual: boolean }) => atual).length).toBe(1);
    expect(body.itens[0]).toMatchObject({ ip: '127.0.0.1', navegador: false, atual: false });
    expect(body.itens[0].agente).toStartWith('Bun/');
    expect((await user.call('DELETE', `/auth/sessoes/${body.itens[0].id}`)).status).toBe(204);
    expect((await user.call('DELETE', `/auth/sessoes/${body.itens[0].id}`)).status).toBe(404);
    expect((await third.call('GET', '/auth/me')).status).toBe(401);
    expect((await second.call('GET', '/auth/me')).status).toBe(200);
    expect((await user.call('DELETE', '/auth/sessoes')).status).toBe(204);
    expect((await second.call('GET', '/auth/me')).status).toBe(401);
    expect((await user.call('GET', '/auth/me')).status).toBe(200);
  });

  test('of others are for whoever may look after them', async () => {
    const user = await userWith(server, 'leitura');
    const stranger = await userWith(server, 'leitura');
    const { body } = await server.call('GET', `/usuarios/${user.id}/sessoes`);
    expect(body.itens.length).toBe(1);
    const path = `/usuarios/${user.id}/sessoes/${body.itens[0].id}`;
    expect((await stranger.call('DELETE', path)).status).toBe(403);
    expect((await stranger.call('DELETE', `/auth/sessoes/${body.itens[0].id}`)).status).toBe(404);
    expect((await server.call('DELETE', path)).status).toBe(204);
    expect((await user.call('GET', '/auth/me')).status).toBe(401);
    const again = await session(server.url, user.email);
    expect((await server.call('DELETE', `/usuarios/${user.id}/sessoes`)).status).toBe(204);
    expect((await again.call('GET', '/auth/me')).status).toBe(401);
  });

  test('the log-in history tells of every attempt, with address and agent', async () => {
    const user = await userWith(server, 'leitura');
    await grant(server.url, { grant_type: 'password', username: user.email, password: 'errada' });
    for (const { body } of [
      await user.call('GET', '/auth/acessos'),
      await server.call('GET', `/usuarios/${user.id}/acessos`),
    ]) {
      expect(body.itens.map(({ acao }: { acao: string }) => acao)).toEqual(['login_falhou', 'entrar']);
      expect(body.itens[0].ip).toBe('127.0.0.1');
      expect(body.itens[1].depois.agente).toStartWith('Bun/');
    }
  });
});
