import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { activate, createLicenca, eventsOf, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const verify = async (chave: string, query = '') =>
  (await server.call('GET', `/licencas/verificar/${chave}${query}`, undefined, { authorization: null })).body;

describe('issuing', () => {
  test('the key is whole in the answer and for whoever may edit; lists show its first group', async () => {
    const { clienteId, licenca } = await createLicenca(server);
    expect(licenca.chave).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){4}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect((await server.call('GET', `/licencas/${licenca.id}`)).body.chave).toBe(licenca.chave);
    const { body } = await server.call('GET', `/licencas?cliente_id=${clienteId}`);
    expect(body.itens[0].chave).toBeUndefined();
    expect(body.itens[0].chave_prefixo).toBe(licenca.chave.slice(0, 5));
  });

  test.each([
    [{ tipo: 'demonstracao' }, 14],
    [{ tipo: 'demonstracao', dias: 3 }, 3],
    [{ tipo: 'temporaria', dias: 90 }, 90],
    [{ tipo: 'assinatura', dias: 30 }, 30],
    [{ tipo: 'perpetua' }, null],
  ])('%j ends after %p days', async (fields, dias) => {
    const { licenca } = await createLicenca(server, fields);
    if (dias === null) expect(licenca.expira_em).toBeNull();
    else expect(Date.parse(licenca.expira_em) - Date.parse(licenca.inicia_em)).toBe(dias * 86_400_000);
    expect(licenca).toMatchObject({ status: 'ativa', limite_maquinas: 1, maquinas_ativas: 0 });
  });

  test.each([
    [{ tipo: 'temporaria' }, 'dias'],
    [{ tipo: 'assinatura' }, 'dias'],
    [{ tipo: 'vitalicia' }, 'tipo'],
    [{ tipo: 'perpetua', limite_maquinas: 0 }, 'limite_maquinas'],
    [{ tipo: 'perpetua', limite_maquinas: 1.5 }, 'limite_maquinas'],
    [{ tipo: 'perpetua', recursos: ['com espaço'] }, 'recursos.0'],
    [{ tipo: 'temporaria', expira_em: '2026-02-30T00:00:00Z' }, 'expira_em'],
    [{ tipo: 'temporaria', expira_em: '2001-01-01T00:00:00Z' }, 'expira_em'],
    [{ tipo: 'temporaria', dias: 0 }, 'dias'],
    [{ tipo: 'perpetua', produto: 'nao-existe' }, 'produto'],
  ])('%j is refused, naming %s', async (fields, campo) => {
    const cliente = await server.call('POST', '/clientes', { nome: 'C', email: `${unique('x')}@exemplo.com.br` });
    const answer = await server.call('POST', '/licencas', { cliente_id: cliente.body.id, ...fields });
    expect(answer.status).toBe(422);
    expect(answer.body.erros[0].campo).toBe(campo);
  });

  test('an unknown customer is refused', async () => {
    const answer = await server.call('POST', '/licencas', {
      cliente_id: '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d',
      tipo: 'perpetua',
    });
    expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'cliente_id']);
  });
});

describe('verification', () => {
  test('a valid licence, its certificate verified by an independent library', async () => {
    const { licenca } = await createLicenca(server, { tipo: 'temporaria', dias: 3, recursos: ['nfe', 'usuarios:10'] });
    const answer = await verify(licenca.chave, '?nonce=n-42');
    expect(answer).toMatchObject({ valida: true, codigo: 'VALIDA', definitivo: true });
    expect(answer.licenca.chave).toBeUndefined();
    const jwks = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: [JWK] };
    const { payload, protectedHeader } = await jwtVerify(answer.certificado, createLocalJWKSet(jwks), {
      algorithms: ['EdDSA'],
    });
    expect(protectedHeader.kid).toBe(jwks.keys[0].kid ?? '');
    expect(payload).toMatchObject({ sub: licenca.id, valida: true, codigo: 'VALIDA', nonce: 'n-42', impressao: null });
    expect(payload.lic).toMatchObject({
      tipo: 'temporaria',
      produto: 'padrao',
      recursos: ['nfe', 'usuarios:10'],
      limite_maquinas: 1,
    });
    // offline_dias is 7, but never past the licence's end.
    expect(payload.exp).toBe(Math.floor(Date.parse(licenca.expira_em) / 1000));
    expect(jwks.keys[0].d).toBeUndefined();
  });

  test.each([
    'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA',
    'x',
    '%00',
    '%E0%A4%A',
    '..%2f..',
    'A'.repeat(10_240),
    "'; DROP TABLE licencas; --",
  ])('the key %.40s is NAO_ENCONTRADA', async (chave) => {
    const response = await fetch(`${server.url}/api/v1/licencas/verificar/${chave}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ valida: false, codigo: 'NAO_ENCONTRADA', definitivo: true });
  });

  test('keys are read as people type them', async () => {
    const { licenca } = await createLicenca(server);
    const typed = licenca.chave.toLowerCase().replaceAll('0', 'o').replaceAll('1', 'i').replaceAll('-', '');
    expect((await verify(typed)).codigo).toBe('VALIDA');
    expect((await verify(`${licenca.chave}/`)).codigo).toBe('VALIDA');
  });

  test('each code, first that applies', async () => {
    const { licenca } = await createLicenca(server, { recursos: ['nfe', 'usuarios:10'] });
    const { chave } = licenca;
    expect((await verify(chave, '?produto=outro')).codigo).toBe('PRODUTO_DIFERENTE');
    expect((await verify(chave, '?produto=padrao&recursos=nfe,usuarios')).codigo).toBe('VALIDA');
    expect((await verify(chave, '?recursos=nfe,sped')).codigo).toBe('RECURSO_AUSENTE');
    expect((await verify(chave, '?impressao=ninguem')).codigo).toBe('MAQUINA_NAO_ATIVADA');
    await activate(server, chave, 'maquina-um');
    expect((await verify(chave)).codigo).toBe('IMPRESSAO_NECESSARIA');
    expect((await verify(chave, '?impressao=maquina-um')).codigo).toBe('VALIDA');
    expect((await verify(chave, '?impressao=outra&recursos=sped&produto=x')).codigo).toBe('PRODUTO_DIFERENTE');
    await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' });
    expect((await verify(chave, '?impressao=maquina-um')).codigo).toBe('BLOQUEADA');
    await server.call('POST', `/licencas/${licenca.id}/desbloquear`);
    expect((await verify(chave, '?impressao=maquina-um')).codigo).toBe('VALIDA');
    await server.call('POST', `/licencas/${licenca.id}/cancelar`);
    expect((await verify(chave, '?impressao=maquina-um')).codigo).toBe('CANCELADA');
    expect((await server.call('POST', `/licencas/${licenca.id}/cancelar`)).body.codigo).toBe('TRANSICAO_INVALIDA');
  });

  test('explicar names every check that fails', async () => {
    const { licenca } = await createLicenca(server);
    await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' });
    const answer = await verify(licenca.chave, '?produto=x&impressao=y&recursos=z&explicar=true');
    expect(answer.motivos.map((motivo: { codigo: string }) => motivo.codigo)).toEqual([
      'BLOQUEADA',
      'PRODUTO_DIFERENTE',
      'RECURSO_AUSENTE',
      'MAQUINA_NAO_ATIVADA',
    ]);
    for (const motivo of answer.motivos) expect(motivo.remedio).toBeString();
  });

  test('a remembered answer never outlives a change', async () => {
    const { clienteId, licenca } = await createLicenca(server);
    const codes: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'x' });
      codes.push((await verify(licenca.chave)).codigo);
      await server.call('POST', `/licencas/${licenca.id}/desbloquear`);
      codes.push((await verify(licenca.chave)).codigo);
      await server.call('POST', `/clientes/${clienteId}/bloquear`, { motivo: 'x' });
      codes.push((await verify(licenca.chave)).codigo);
      await server.call('POST', `/clientes/${clienteId}/ativar`);
      codes.push((await verify(licenca.chave)).codigo);
    }
    expect(codes).toEqual(
      Array.from({ length: 20 }, () => ['BLOQUEADA', 'VALIDA', 'CLIENTE_BLOQUEADO', 'VALIDA']).flat(),
    );
  });
});

describe('the calendar', () => {
  test('a licence that has not begun, and one that has ended', async () => {
    const soon = await createLicenca(server, { inicia_em: new Date(Date.now() + 3_600_000).toISOString() });
    expect(soon.licenca.status).toBe('pendente');
    expect((await verify(soon.licenca.chave)).codigo).toBe('AINDA_NAO_VIGENTE');
    expect((await activate(server, soon.licenca.chave)).body.codigo).toBe('AINDA_NAO_VIGENTE');
    const past = new Date(Date.now() - 86_400_000).toISOString();
    const ended = await createLicenca(server, {
      tipo: 'temporaria',
      inicia_em: past,
      expira_em: new Date(Date.now() - 1_000).toISOString(),
    });
    expect(ended.licenca.status).toBe('expirada');
    expect((await verify(ended.licenca.chave)).codigo).toBe('EXPIRADA');
    expect((await activate(server, ended.licenca.chave)).body.codigo).toBe('EXPIRADA');
  });

  test('renewing an expired licence counts from now and makes it valid', async () => {
    const past = new Date(Date.now() - 10 * 86_400_000).toISOString();
    const { licenca } = await createLicenca(server, { tipo: 'temporaria', inicia_em: past, dias: 1 });
    const before = Date.now();
    const { body } = await server.call('POST', `/licencas/${licenca.id}/renovar`, { dias: 30 });
    expect(Date.parse(body.expira_em)).toBeWithin(before + 30 * 86_400_000, Date.now() + 30 * 86_400_000 + 1);
    expect((await verify(licenca.chave)).codigo).toBe('VALIDA');
    const again = await server.call('POST', `/licencas/${licenca.id}/renovar`, { dias: 30 });
    expect(Date.parse(again.body.expira_em) - Date.parse(body.expira_em)).toBe(30 * 86_400_000);
  });

  test.each([
    [{}],
    [{ dias: 1, expira_em: '2099-01-01T00:00:00Z' }],
    [{ dias: -1 }],
    [{ expira_em: '2001-01-01T00:00:00Z' }],
  ])('renewing with %j is refused', async (body) => {
    const { licenca } = await createLicenca(server, { tipo: 'temporaria', dias: 1 });
    expect((await server.call('POST', `/licencas/${licenca.id}/renovar`, body)).status).toBe(422);
  });

  test('a perpetual licence cannot be renewed', async () => {
    const { licenca } = await createLicenca(server);
    const answer = await server.call('POST', `/licencas/${licenca.id}/renovar`, { dias: 1 });
    expect([answer.status, answer.body.codigo]).toEqual([409, 'TRANSICAO_INVALIDA']);
  });
});

describe('activation', () => {
  test('the same fingerprint again is the same machine and token, without a second seat', async () => {
    const { licenca } = await createLicenca(server);
    const first = await activate(server, licenca.chave, 'mesma');
    const second = await activate(server, licenca.chave, ' mesma ');
    expect([first.status, second.status]).toEqual([201, 200]);
    expect([second.body.token, second.body.maquina.id]).toEqual([first.body.token, first.body.maquina.id]);
    expect(second.body.licenca.maquinas_ativas).toBe(1);
    expect(first.body.mqtt).toMatchObject({
      client_id: first.body.maquina.id,
      usuario: first.body.maquina.id,
      senha: first.body.token,
    });
  });

  test('50 at once on 10 seats: exactly 10 succeed', async () => {
    const { licenca } = await createLicenca(server, { limite_maquinas: 10 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => activate(server, licenca.chave, `maquina-${n}`)),
    );
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.every(({ status, body }) => status === 409 && body.codigo === 'LIMITE_DE_MAQUINAS')).toBe(true);
    const { body } = await server.call('GET', `/maquinas?licenca_id=${licenca.id}&total=true`);
    expect(body.total).toBe(10);
  });

  test('20 at once of one fingerprint: one machine, one seat, 20 good answers', async () => {
    const { licenca } = await createLicenca(server, { limite_maquinas: 5 });
    const answers = await Promise.all(Array.from({ length: 20 }, () => activate(server, licenca.chave, 'uma-so')));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => body.token)).size).toBe(1);
    expect((await server.call('GET', `/licencas/${licenca.id}`)).body.maquinas_ativas).toBe(1);
    expect(eventsOf(server, licenca.id)).toEqual(['licenca.criada', 'maquina.registrada', 'licenca.ativada']);
  });

  test('deactivating frees the seat and ends the credential', async () => {
    const { licenca } = await createLicenca(server);
    const first = await activate(server, licenca.chave, 'primeira');
    expect((await activate(server, licenca.chave, 'segunda')).body.codigo).toBe('LIMITE_DE_MAQUINAS');
    const freed = await server.call(
      'POST',
      `/licencas/desativar/${licenca.chave}`,
      { impressao: 'primeira' },
      { authorization: null },
    );
    expect([freed.status, freed.body.licenca.maquinas_ativas]).toEqual([200, 0]);
    expect(
      (await server.call('POST', '/maquinas/heartbeat', {}, { authorization: `Bearer ${first.body.token}` })).status,
    ).toBe(401);
    expect((await activate(server, licenca.chave, 'segunda')).status).toBe(201);
    const again = await server.call('POST', `/licencas/desativar/${licenca.chave}`, { impressao: 'primeira' });
    expect([again.status, again.body.licenca.maquinas_ativas]).toEqual([200, 1]);
    expect(
      (await server.call('POST', `/licencas/desativar/${licenca.chave}`, { impressao: 'nunca' })).body.codigo,
    ).toBe('MAQUINA_NAO_ATIVADA');
  });

  test('a blocked machine does not escape by deactivating', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave, 'fugitiva');
    await server.call('POST', `/maquinas/${body.maquina.id}/bloquear`, { motivo: 'x' });
    await server.call('POST', `/licencas/desativar/${licenca.chave}`, { impressao: 'fugitiva' });
    const answer = await activate(server, licenca.chave, 'fugitiva');
    expect([answer.status, answer.body.codigo]).toEqual([403, 'MAQUINA_BLOQUEADA']);
  });

  test('lowering the limit keeps the machines there are and refuses new ones', async () => {
    const { licenca } = await createLicenca(server, { limite_maquinas: 3 });
    for (const name of ['a1', 'a2', 'a3']) await activate(server, licenca.chave, name);
    await server.call('PUT', `/licencas/${licenca.id}`, { limite_maquinas: 1 });
    expect((await activate(server, licenca.chave, 'a2')).status).toBe(200);
    expect((await verify(licenca.chave, '?impressao=a3')).codigo).toBe('VALIDA');
    expect((await activate(server, licenca.chave, 'a4')).body.codigo).toBe('LIMITE_DE_MAQUINAS');
  });

  test.each([
    ['an unknown key', 'AAAAA-AAAAA-AAAAA-AAAAA-AAAAA', { impressao: 'abc' }, 404, 'NAO_ENCONTRADA'],
    ['no fingerprint', null, {}, 422, 'VALIDACAO'],
    ['a junk fingerprint', null, { impressao: '00000000-0000-0000-0000-000000000000' }, 422, 'IMPRESSAO_INVALIDA'],
    ['control characters', null, { impressao: 'a\u0001b' }, 422, 'IMPRESSAO_INVALIDA'],
    ['a huge fingerprint', null, { impressao: 'x'.repeat(5_000) }, 422, 'VALIDACAO'],
    ['another product', null, { impressao: 'abc', produto: 'outro' }, 403, 'PRODUTO_DIFERENTE'],
  ])('%s', async (_, chave, body, status, codigo) => {
    const { licenca } = await createLicenca(server);
    const answer = await server.call('POST', `/licencas/ativar/${chave ?? licenca.chave}`, body, {
      authorization: null,
    });
    expect([answer.status, answer.body.codigo]).toEqual([status, codigo]);
    expect(JSON.stringify(answer.body)).not.toContain(licenca.chave);
  });

  test('free data that is no object is refused, not kept', async () => {
    const { licenca } = await createLicenca(server);
    for (const metadados of [null, [], 'x', 5]) {
      expect((await server.call('PUT', `/licencas/${licenca.id}`, { metadados })).status).toBe(422);
    }
    expect((await server.call('GET', `/licencas/${licenca.id}`)).body.metadados).toEqual({});
  });
});
