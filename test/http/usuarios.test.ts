import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { perfilId, senhaForte, session, userWith } from '../support/access';
import { admin, eventually, logIn, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const newEmail = () => `${unique('u')}@exemplo.com.br`;

describe('users', () => {
  test('are created, listed, changed and removed; no answer holds a password', async () => {
    const perfil_id = await perfilId(server, 'leitura');
    const email = newEmail();
    const input = { nome: 'Ana Souza', email: email.toUpperCase(), senha: senhaForte, perfil_id };
    const made = await server.call('POST', '/usuarios', input);
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ nome: 'Ana Souza', email, perfil: { nome: 'leitura' }, ativo: true });
    expect(JSON.stringify(made.body)).not.toContain('argon2');
    const path = made.headers.get('location')?.replace('/api/v1', '') ?? '';
    const etag = made.headers.get('etag');
    expect((await server.call('GET', path)).body).toEqual(made.body);
    const listed = await server.call('GET', `/usuarios?busca=${email}&total=true`);
    expect([listed.body.total, listed.body.itens[0].id]).toEqual([1, made.body.id]);
    const changed = await server.call('PUT', path, { nome: 'Ana S.' }, { 'if-match': etag });
    expect([changed.status, changed.body.nome]).toEqual([200, 'Ana S.']);
    expect((await server.call('PUT', path, { nome: 'X' }, { 'if-match': etag })).status).toBe(412);
    expect((await server.call('DELETE', path)).status).toBe(204);
    expect((await server.call('GET', path)).status).toBe(404);
    expect((await logIn(server.url, email, senhaForte)).status).toBe(400);
  });

  test.each(['curta', '12345678', 'senha123', 'Ana Souza', 'aaaaaaaaaaaaaaaa'])(
    'the weak password %j is refused, saying why',
    async (senha) => {
      const perfil_id = await perfilId(server, 'leitura');
      const answer = await server.call('POST', '/usuarios', { nome: 'Ana Souza', email: newEmail(), senha, perfil_id });
      expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'senha']);
    },
  );

  test('the same address twice is 409, an unknown profile 422', async () => {
    const { email } = await userWith(server, 'leitura');
    const perfil_id = await perfilId(server, 'leitura');
    const twin = await server.call('POST', '/usuarios', { nome: 'B', email, senha: senhaForte, perfil_id });
    expect([twin.status, twin.body.codigo]).toEqual([409, 'EMAIL_DUPLICADO']);
    const unknown = { nome: 'B', email: newEmail(), senha: senhaForte, perfil_id: Bun.randomUUIDv7() };
    expect((await server.call('POST', '/usuarios', unknown)).status).toBe(422);
  });

  test.each([
    ['deactivated', { ativo: false }],
    ['given a new password', { senha: 'outra-frase-bem-comprida' }],
    ['given another profile', 'suporte'],
  ])('whoever is %s is out at once, refresh token too', async (_, edit) => {
    const user = await userWith(server, 'leitura');
    expect((await user.call('GET', '/clientes')).status).toBe(200);
    const body = typeof edit === 'string' ? { perfil_id: await perfilId(server, edit) } : edit;
    expect((await server.call('PUT', `/usuarios/${user.id}`, body)).status).toBe(200);
    expect((await user.call('GET', '/clientes')).status).toBe(401);
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: user.refreshToken });
    expect((await fetch(`${server.url}/api/v1/auth/token`, { method: 'POST', body: form })).status).toBe(400);
  });
});

describe('nobody grants what they do not hold', () => {
  const manager = ['usuarios:*', 'perfis:*', 'chaves-api:*', 'clientes:ler'];

  test('a profile, a user or an API key beyond one’s own is 403', async () => {
    const { call } = await userWith(server, manager);
    expect((await call('POST', '/perfis', { nome: unique('p'), permissoes: ['clientes:ler'] })).status).toBe(201);
    for (const permissao of ['clientes:criar', 'clientes:*', '*:ler', '*:*']) {
      const answer = await call('POST', '/perfis', { nome: unique('p'), permissoes: [permissao] });
      expect([permissao, answer.status, answer.body.codigo]).toEqual([permissao, 403, 'SEM_PERMISSAO']);
      const key = await call('POST', '/chaves-api', { nome: 'k', permissoes: [permissao] });
      expect([permissao, key.status]).toEqual([permissao, 403]);
    }
    for (const nome of ['administrador', 'leitura']) {
      const input = { nome: 'N', email: newEmail(), senha: senhaForte, perfil_id: await perfilId(server, nome) };
      expect([nome, (await call('POST', '/usuarios', input)).status]).toEqual([nome, 403]);
    }
  });

  test('nor takes over whoever holds more', async () => {
    const { call, id } = await userWith(server, manager);
    const other = await userWith(server, 'leitura');
    for (const edit of [{ senha: 'uma-porta-nova-verde' }, { email: newEmail() }, { ativo: false }, { nome: 'X' }]) {
      expect((await call('PUT', `/usuarios/${other.id}`, edit)).status).toBe(403);
    }
    expect((await call('DELETE', `/usuarios/${other.id}`)).status).toBe(403);
    const administrador = await perfilId(server, 'administrador');
    expect((await call('PUT', `/usuarios/${id}`, { perfil_id: administrador })).status).toBe(403);
    const strong = await server.call('POST', '/perfis', { nome: unique('forte'), permissoes: ['licencas:*'] });
    expect((await call('PUT', `/perfis/${strong.body.id}`, { permissoes: [] })).status).toBe(403);
    expect((await call('DELETE', `/perfis/${strong.body.id}`)).status).toBe(403);
  });
});

describe('profiles', () => {
  test('change what their users may do at once', async () => {
    const { body: perfil } = await server.call('POST', '/perfis', { nome: unique('p'), permissoes: ['planos:ler'] });
    const input = { nome: 'N', email: newEmail(), senha: senhaForte, perfil_id: perfil.id };
    await server.call('POST', '/usuarios', input);
    const { call } = await session(server.url, input.email);
    expect([(await call('GET', '/planos')).status, (await call('GET', '/produtos')).status]).toEqual([200, 403]);
    await server.call('PUT', `/perfis/${perfil.id}`, { permissoes: ['produtos:ler'] });
    expect([(await call('GET', '/planos')).status, (await call('GET', '/produtos')).status]).toEqual([403, 200]);
    expect((await server.call('DELETE', `/perfis/${perfil.id}`)).body.codigo).toBe('EM_USO');
  });

  test.each(['nada:ler', 'clientes:voar', 'clientes', 'clientes:ler:x', '*', ''])(
    '%j is no permission',
    async (text) => {
      const answer = await server.call('POST', '/perfis', { nome: unique('p'), permissoes: ['planos:ler', text] });
      expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'permissoes.1']);
    },
  );

  test('the built-in ones are immutable', async () => {
    for (const nome of ['administrador', 'operador', 'suporte', 'leitura']) {
      const path = `/perfis/${await perfilId(server, nome)}`;
      expect((await server.call('PUT', path, { permissoes: [] })).body.codigo).toBe('PERFIL_EMBUTIDO');
      expect((await server.call('DELETE', path)).body.codigo).toBe('PERFIL_EMBUTIDO');
    }
  });
});

describe('the last administrator', () => {
  test('cannot be removed, deactivated or demoted, not even by two at the same moment', async () => {
    const own = await startServer();
    const me = (await own.call('GET', '/auth/me')).body;
    const leitura = await perfilId(own, 'leitura');
    const refused = [
      own.call('DELETE', `/usuarios/${me.id}`),
      own.call('PUT', `/usuarios/${me.id}`, { ativo: false }),
      own.call('PUT', `/usuarios/${me.id}`, { perfil_id: leitura }),
    ];
    for (const answer of await Promise.all(refused)) {
      expect([answer.status, answer.body.codigo]).toEqual([409, 'ULTIMO_ADMINISTRADOR']);
    }
    const others = [];
    for (let n = 0; n < 3; n += 1) others.push(await userWith(own, 'administrador'));
    const all = [{ id: me.id, call: own.call }, ...others];
    const answers = await Promise.all(
      all.map(({ call }, n) => call('PUT', `/usuarios/${all[(n + 1) % all.length]?.id}`, { ativo: false })),
    );
    // Whoever came first ended the session of the next one; an administrator remains in any order.
    expect(answers.filter(({ status }) => status === 200).length).toBeWithin(1, all.length);
    const counts = await eventually(
      async () => {
        const statuses = await Promise.all(all.map(({ call }) => call('GET', '/usuarios?ativo=true&total=true')));
        return statuses.find(({ status }) => status === 200)?.body.total ?? 0;
      },
      (total) => total > 0,
    );
    expect(counts).toBeGreaterThanOrEqual(1);
    await own.stop();
  });
});

describe('setting up', () => {
  test('is over once there is an administrator', async () => {
    const body = { codigo: 'x', email: admin.email, senha: senhaForte, nome: 'X' };
    expect((await server.call('POST', '/setup', body)).body.codigo).toBe('SETUP_CONCLUIDO');
  });
});
