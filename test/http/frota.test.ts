import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { activate, createLicenca, eventsOf, startServer, type TestServer, unique } from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const nobody = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';

/** A licence with some machines on it. */
async function fleet(size: number, fields: object = {}) {
  const { licenca, clienteId } = await createLicenca(server, { limite_maquinas: size, ...fields });
  const ids: string[] = [];
  for (let n = 0; n < size; n += 1) ids.push((await activate(server, licenca.chave)).body.maquina.id);
  return { licenca, clienteId, ids };
}

const idsOf = async (query: string): Promise<string[]> =>
  (await server.call('GET', `/maquinas?limite=200&${query}`)).body.itens.map(({ id }: { id: string }) => id);

describe('finding machines of a fleet', () => {
  test('by system, product, version, status and text, together, page by page', async () => {
    const produto = (await server.call('POST', '/produtos', { slug: unique('p'), nome: 'P' })).body;
    const { licenca } = await createLicenca(server, { limite_maquinas: 10, produto: produto.slug });
    const made: string[] = [];
    for (let n = 0; n < 6; n += 1) {
      const { body } = await server.call('POST', `/licencas/ativar/${licenca.chave}`, {
        impressao: unique('f'),
        nome: `Balcão ${n}`,
        so: n % 2 ? 'Windows 11' : 'Debian 13',
        versao: n < 3 ? '1.0.0' : '2.0.0',
      });
      made.push(body.maquina.id);
    }
    const of = (...indexes: number[]) => indexes.map((n) => made[n]);
    expect(await idsOf(`produto=${produto.slug}`)).toEqual(made);
    expect(await idsOf(`produto=${produto.id}&so=windows`)).toEqual(of(1, 3, 5) as string[]);
    expect(await idsOf(`produto=${produto.slug}&so=debian&versao=2.0.0`)).toEqual(of(4) as string[]);
    expect(await idsOf(`licenca_id=${licenca.id}&busca=balc%C3%A3o%203`)).toEqual(of(3) as string[]);
    expect(await idsOf(`licenca_id=${licenca.id}&busca=${encodeURIComponent('10%')}`)).toEqual([]);
    expect(await idsOf(`produto=${produto.slug}&status=online`)).toEqual([]);
    expect(await idsOf('produto=nenhum')).toEqual([]);
    expect((await server.call('GET', '/maquinas?status=perdida')).body.itens).toEqual([]);
    expect((await server.call('GET', '/maquinas?status=sumida')).status).toBe(422);
    const paged: string[] = [];
    let cursor = '';
    do {
      const { body } = await server.call('GET', `/maquinas?limite=2&produto=${produto.slug}${cursor}&total=true`);
      expect(body.total).toBe(6);
      paged.push(...body.itens.map(({ id }: { id: string }) => id));
      cursor = body.proximo_cursor ? `&cursor=${body.proximo_cursor}` : '';
    } while (cursor);
    expect(paged).toEqual(made);
  });

  test('a floating licence without a free seat shows in the filter as it does in the machine', async () => {
    const { ids, licenca } = await fleet(2, { limite_maquinas: 1, flutuante: true });
    const shown = await Promise.all(ids.map(async (id) => (await server.call('GET', `/maquinas/${id}`)).body.status));
    const blocked = await idsOf(`licenca_id=${licenca.id}&status=bloqueada`);
    expect(blocked).toEqual(ids.filter((_, n) => shown[n] === 'bloqueada'));
    expect(blocked).toHaveLength(1);
  });
});

describe('the summary', () => {
  test('counts machines by status, of everybody or of a filter', async () => {
    const { ids, clienteId } = await fleet(3);
    await server.call('POST', `/maquinas/${ids[0]}/bloquear`, { motivo: 'x' });
    const summary = (await server.call('GET', `/maquinas/resumo?cliente_id=${clienteId}`)).body;
    expect(summary).toEqual({
      total: 3,
      por_status: { online: 0, offline: 0, bloqueada: 1, nunca_vista: 2, perdida: 0 },
    });
    const all = (await server.call('GET', '/maquinas/resumo')).body;
    expect(all.total).toBe((await server.call('GET', '/maquinas?limite=1&total=true')).body.total);
  });
});

describe('blocking many', () => {
  test('by id gives a result for each, and repeating changes nothing', async () => {
    const { ids } = await fleet(3);
    const body = { ids: [...ids, ids[0], nobody], motivo: 'em massa' };
    const first = (await server.call('POST', '/maquinas/bloquear', body)).body;
    expect(first).toMatchObject({ total: 4, feitas: 3, inalteradas: 0, erros: 1 });
    expect(first.itens.map(({ id }: { id: string }) => id)).toEqual([...ids, nobody]);
    expect(first.itens[3]).toMatchObject({ resultado: 'erro', codigo: 'NAO_ENCONTRADO' });
    const again = (await server.call('POST', '/maquinas/bloquear', body)).body;
    expect(again).toMatchObject({ total: 4, feitas: 0, inalteradas: 3, erros: 1 });
    for (const id of ids) {
      const { body: maquina } = await server.call('GET', `/maquinas/${id}`);
      expect(maquina).toMatchObject({ status: 'bloqueada', motivo_bloqueio: 'em massa', revisao: 2 });
      expect(eventsOf(server, id).filter((tipo) => tipo === 'maquina.bloqueada')).toHaveLength(1);
    }
    const freed = (await server.call('POST', '/maquinas/desbloquear', { ids })).body;
    expect(freed).toMatchObject({ feitas: 3, erros: 0 });
  });

  test('by filter reaches what the list with that filter shows', async () => {
    const { licenca, ids } = await fleet(120);
    const filtro = { licenca_id: licenca.id, status: 'nunca_vista' };
    const { body } = await server.call('POST', '/maquinas/bloquear', { filtro, motivo: 'x' });
    expect(body).toMatchObject({ total: 120, feitas: 120 });
    expect(await idsOf(`licenca_id=${licenca.id}&status=bloqueada`)).toEqual(ids);
    expect((await server.call('POST', '/maquinas/desbloquear', { filtro })).body.total).toBe(0);
  });

  test('asks for one way of saying which, and refuses everybody by accident', async () => {
    for (const [body, campo] of [
      [{ motivo: 'x' }, 'ids'],
      [{ motivo: 'x', ids: [nobody], filtro: { versao: '1' } }, 'ids'],
      [{ motivo: 'x', filtro: {} }, 'filtro'],
      [{ motivo: 'x', ids: [] }, 'ids'],
      [{ motivo: 'x', ids: ['abc'] }, 'ids.0'],
      [{ ids: [nobody] }, 'motivo'],
    ] as const) {
      const answer = await server.call('POST', '/maquinas/bloquear', body);
      expect([body, answer.status, answer.body.erros?.[0]?.campo]).toEqual([body, 422, campo]);
    }
  });
});

describe('commanding many', () => {
  test('queues one command for each machine, once under one key', async () => {
    const { ids } = await fleet(3);
    const send = () =>
      server.call(
        'POST',
        '/maquinas/comandos',
        { ids: [...ids, nobody], tipo: 'atualizar', dados: { versao: '4.2.1' } },
        { 'idempotency-key': `massa-${ids[0]}` },
      );
    const first = await send();
    expect(first.body).toMatchObject({ total: 4, feitas: 3, erros: 1 });
    expect((await send()).body).toEqual(first.body);
    for (const [n, id] of ids.entries()) {
      const { itens } = (await server.call('GET', `/maquinas/${id}/comandos`)).body;
      expect(itens).toMatchObject([{ id: first.body.itens[n].comando_id, tipo: 'atualizar', status: 'na_fila' }]);
    }
    const wrong = await server.call('POST', '/maquinas/comandos', { ids, tipo: 'atualizar', dados: { versao: 'x' } });
    expect([wrong.status, wrong.body.erros[0].campo]).toEqual([422, 'dados.versao']);
  });
});
