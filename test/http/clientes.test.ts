import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { activate, createLicenca, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const create = (fields: object = {}) =>
  server.call('POST', '/clientes', { nome: 'Cliente', email: `${unique('cli')}@exemplo.com.br`, ...fields });

describe('customers', () => {
  test('begin active, with the type basic unless told otherwise', async () => {
    const { body } = await create();
    expect(body).toMatchObject({ status: 'ativo', tipo: 'basic', documento: null, telefone: null, metadados: {} });
  });

  test.each([
    ['529.982.247-25', '52998224725'],
    ['11.222.333/0001-81', '11222333000181'],
    ['12.ABC.345/01DE-35', '12ABC34501DE35'],
    ['12abc34501de35', '12ABC34501DE35'],
  ])('the document %s is kept as %s', async (documento, kept) => {
    const answer = await create({ documento });
    expect([201, 409]).toContain(answer.status);
    if (answer.status === 201) expect(answer.body.documento).toBe(kept);
  });

  test.each(['529.982.247-26', '11.222.333/0001-80', '12ABC34501DE36', '111.111.111-11', '123', 'ABCDEFGHIJKLMN'])(
    'the document %s is refused',
    async (documento) => {
      const answer = await create({ documento });
      expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'documento']);
    },
  );

  test('e-mail and document are unique, also against changes', async () => {
    const email = `${unique('dup')}@exemplo.com.br`;
    const first = await create({ email, documento: '390.533.447-05' });
    expect(first.status).toBe(201);
    expect((await create({ email: email.toUpperCase() })).body.codigo).toBe('EMAIL_DUPLICADO');
    expect((await create({ documento: '39053344705' })).body.codigo).toBe('DOCUMENTO_DUPLICADO');
    const other = await create();
    const answer = await server.call('PUT', `/clientes/${other.body.id}`, { email });
    expect([answer.status, answer.body.codigo]).toEqual([409, 'EMAIL_DUPLICADO']);
    expect((await server.call('PUT', `/clientes/${first.body.id}`, { email, nome: 'O mesmo' })).status).toBe(200);
  });

  test.each([
    [{ nome: '' }, 'nome'],
    [{ nome: '   ' }, 'nome'],
    [{ nome: 'a\nb' }, 'nome'],
    [{ nome: 'x'.repeat(301) }, 'nome'],
    [{ email: 'sem-arroba' }, 'email'],
    [{ tipo: 'ouro' }, 'tipo'],
    [{ telefone: 42 }, 'telefone'],
    [{ metadados: [] }, 'metadados'],
  ])('%j names the field %s', async (fields, campo) => {
    const answer = await create(fields);
    expect(answer.status).toBe(422);
    expect(answer.body.erros.map((erro: { campo: string }) => erro.campo)).toContain(campo);
  });

  test('blocking stops every licence and machine in effect, activating restores what each was before', async () => {
    const { clienteId, licenca } = await createLicenca(server, { limite_maquinas: 2 });
    const other = await server.call('POST', '/licencas', { cliente_id: clienteId, tipo: 'perpetua' });
    await server.call('POST', `/licencas/${other.body.id}/bloquear`, { motivo: 'só esta' });
    const { body: machine } = await activate(server, licenca.chave);
    const impressao = encodeURIComponent(machine.maquina.impressao);
    const verify = async () =>
      (await server.call('GET', `/licencas/verificar/${licenca.chave}?impressao=${impressao}`)).body.codigo;
    const statuses = async () => [
      (await server.call('GET', `/licencas/${licenca.id}`)).body.status,
      (await server.call('GET', `/licencas/${other.body.id}`)).body.status,
      (await server.call('GET', `/maquinas/${machine.maquina.id}`)).body.status,
    ];
    expect(await statuses()).toEqual(['ativa', 'bloqueada', 'nunca_vista']);
    expect(await verify()).toBe('VALIDA');
    const blocked = await server.call('POST', `/clientes/${clienteId}/bloquear`, { motivo: 'não pagou' });
    expect([blocked.body.status, blocked.body.motivo_bloqueio]).toEqual(['bloqueado', 'não pagou']);
    expect(await statuses()).toEqual(['bloqueada', 'bloqueada', 'bloqueada']);
    expect(await verify()).toBe('CLIENTE_BLOQUEADO');
    expect((await activate(server, licenca.chave)).body.codigo).toBe('CLIENTE_BLOQUEADO');
    await server.call('POST', `/clientes/${clienteId}/ativar`);
    expect(await statuses()).toEqual(['ativa', 'bloqueada', 'nunca_vista']);
    expect(await verify()).toBe('VALIDA');
  });

  test('a block without a reason is refused', async () => {
    const { body } = await create();
    for (const motivo of [undefined, '', 42]) {
      expect((await server.call('POST', `/clientes/${body.id}/bloquear`, { motivo })).status).toBe(422);
    }
  });

  test('cancelled, a customer cannot be blocked, and can be activated again', async () => {
    const { body } = await create();
    expect((await server.call('POST', `/clientes/${body.id}/cancelar`)).body.status).toBe('cancelado');
    const blocked = await server.call('POST', `/clientes/${body.id}/bloquear`, { motivo: 'x' });
    expect([blocked.status, blocked.body.codigo]).toEqual([409, 'TRANSICAO_INVALIDA']);
    expect((await server.call('POST', `/clientes/${body.id}/ativar`)).body.status).toBe('ativo');
  });
});
