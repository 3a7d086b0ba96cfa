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
