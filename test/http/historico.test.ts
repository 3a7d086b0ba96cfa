import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { activate, createLicenca, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

interface Row {
  id: string;
  acao: string;
  antes: Record<string, unknown> | null;
  depois: Record<string, unknown> | null;
}

const historyOf = async (path: string): Promise<Row[]> => {
  const { status, body } = await server.call('GET', `${path}/historico`);
  expect(status).toBe(200);
  return body.itens;
};
const compare = (path: string, query: string) => server.call('GET', `${path}/historico/comparar?${query}`);

describe('the history of a record', () => {
  test('is there for every business entity, who and what, oldest first, without secrets', async () => {
    const { clienteId, licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const produto = await server.call('POST', '/produtos', { slug: unique('p'), nome: 'Produto' });
    const plano = { nome: unique('Plano'), produto_id: produto.body.id, preco_centavos: 9_900, periodo: 'mensal' };
    const criado = await server.call('POST', '/planos', plano);
    expect(criado.status).toBe(201);
    const assinatura = {
      cliente_id: clienteId,
      tipo: 'assinatura',
      plano_id: criado.body.id,
      produto: produto.body.slug,
    };
    const assinada = await server.call('POST', '/licencas', assinatura);
    const faturas = await server.call('GET', `/faturas?licenca_id=${assinada.body.id}`);
    const paths = [
      `/clientes/${clienteId}`,
      `/licencas/${licenca.id}`,
      `/maquinas/${body.maquina.id}`,
      `/produtos/${produto.body.id}`,
      `/planos/${criado.body.id}`,
      `/faturas/${faturas.body.itens[0].id}`,
    ];
    for (const path of paths) {
      const [first] = await historyOf(path);
      expect([path, first?.depois !== null]).toEqual([path, true]);
      expect((await compare(path, '')).status).toBe(200);
      const text = JSON.stringify(await historyOf(path));
      for (const secret of [licenca.chave, body.token]) expect(text).not.toContain(secret);
    }
    const nobody = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';
    for (const modulo of ['clientes', 'licencas', 'maquinas', 'produtos', 'planos', 'faturas']) {
      expect((await server.call('GET', `/${modulo}/${nobody}/historico`)).status).toBe(404);
      expect((await compare(`/${modulo}/${nobody}`, '')).status).toBe(404);
    }
    // The history of one kind is not reached through another.
    expect((await server.call('GET', `/planos/${licenca.id}/historico`)).status).toBe(404);
  });

  test('outlives the record', async () => {
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const path = `/maquinas/${body.maquina.id}`;
    await server.call('DELETE', path);
    const rows = await historyOf(path);
    expect(rows.at(-1)).toMatchObject({ acao: 'excluir', depois: null });
    expect((await compare(path, '')).body.diferencas).toContainEqual({
      campo: 'id',
      antes: body.maquina.id,
      depois: null,
    });
  });
});

describe('two points of a history', () => {
  test('differ by the fields that are not what they were, over any number of changes', async () => {
    const created = await server.call('POST', '/clientes', { nome: 'Um', email: `${unique('h')}@exemplo.com.br` });
    const path = `/clientes/${created.body.id}`;
    for (const edit of [{ nome: 'Dois', telefone: '11999990000' }, { nome: 'Três' }, { nome: 'Um' }]) {
      expect((await server.call('PUT', path, edit)).status).toBe(200);
    }
    const [first, second, third, fourth] = await historyOf(path);
    const fields = async (query: string) => {
      const { status, body } = await compare(path, query);
      expect(status).toBe(200);
      return Object.fromEntries(
        body.diferencas
          .filter(({ campo }: { campo: string }) => campo === 'nome' || campo === 'telefone')
          .map(({ campo, antes, depois }: { campo: string; antes: string; depois: string }) => [
            campo,
            [antes, depois],
          ]),
      );
    };
    expect(await fields(`de=${first?.id}&ate=${third?.id}`)).toEqual({
      nome: ['Um', 'Três'],
      telefone: [null, '11999990000'],
    });
    expect(await fields(`de=${first?.id}`)).toEqual({ telefone: [null, '11999990000'] });
    expect(await fields(`de=${second?.id}&ate=${fourth?.id}`)).toEqual({ nome: ['Dois', 'Um'] });
    expect(await fields(`ate=${third?.id}`)).toEqual({ nome: ['Dois', 'Três'] });
    expect(await fields(`de=${third?.id}&ate=${third?.id}`)).toEqual({});
    const other = await createLicenca(server);
    const [foreign] = await historyOf(`/clientes/${other.clienteId}`);
    for (const query of [`de=${third?.id}&ate=${first?.id}`, `de=${foreign?.id}`, `ate=${foreign?.id}`, 'de=x']) {
      expect([query, (await compare(path, query)).status]).toEqual([query, 422]);
    }
  });
});

describe('a record restored from its history', () => {
  const restore = (path: string, mudanca: string | undefined, headers = {}) =>
    server.call('POST', `${path}/historico/${mudanca}/restaurar`, undefined, headers);

  test('is what it was after that change, as one more change, and only once', async () => {
    const { clienteId, licenca } = await createLicenca(server, { limite_maquinas: 3, recursos: ['a'] });
    const path = `/clientes/${clienteId}`;
    const original = (await server.call('GET', path)).body;
    await server.call('PUT', path, { nome: 'Engano', telefone: '11999990000', metadados: { x: 1 } });
    await server.call('POST', `${path}/bloquear`, { motivo: 'sem relação' });
    const [first] = await historyOf(path);
    const restored = await restore(path, first?.id);
    expect(restored.status).toBe(200);
    expect(restored.body.restauradas).toContainEqual({ campo: 'nome', antes: 'Engano', depois: original.nome });
    const now = (await server.call('GET', path)).body;
    expect(now).toMatchObject({ nome: original.nome, telefone: null, metadados: original.metadados });
    // A block is not undone by looking back.
    expect(now.status).toBe('bloqueado');
    expect((await historyOf(path)).at(-1)).toMatchObject({ acao: 'editar', depois: { nome: original.nome } });
    expect((await restore(path, first?.id)).body).toEqual({ restauradas: [] });

    const of = `/licencas/${licenca.id}`;
    const ate = '2027-01-01T00:00:00.000Z';
    await server.call('PUT', of, { atualizacoes_ate: ate, recursos: ['a', 'b'], limite_maquinas: 9 });
    const second = (await historyOf(of)).at(-1);
    await server.call('PUT', of, { atualizacoes_ate: null, recursos: [], limite_maquinas: 1 });
    expect((await restore(of, second?.id)).status).toBe(200);
    expect((await server.call('GET', of)).body).toMatchObject({
      atualizacoes_ate: ate,
      recursos: ['a', 'b'],
      limite_maquinas: 9,
    });
  });

  test('is refused for another record, an old revision, a taken value and after anonymisation', async () => {
    const email = `${unique('r')}@exemplo.com.br`;
    const created = await server.call('POST', '/clientes', { nome: 'Um', email });
    const path = `/clientes/${created.body.id}`;
    await server.call('PUT', path, { email: `${unique('r')}@exemplo.com.br` });
    const [first] = await historyOf(path);
    const other = await createLicenca(server);
    const [foreign] = await historyOf(`/clientes/${other.clienteId}`);
    expect((await restore(path, foreign?.id)).body.codigo).toBe('VALIDACAO');
    expect((await restore(path, first?.id, { 'If-Match': '"1"' })).body.codigo).toBe('VERSAO_DESATUALIZADA');
    await server.call('POST', '/clientes', { nome: 'Outro', email });
    expect((await restore(path, first?.id)).status).toBe(409);
    await server.call('POST', `${path}/cancelar`);
    expect((await server.call('POST', `${path}/anonimizar`)).status).toBe(200);
    expect((await restore(path, first?.id)).body.codigo).toBe('TRANSICAO_INVALIDA');
  });
});
