import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  type Answer,
  activate,
  createLicenca,
  eventually,
  httpClient,
  startServer,
  type TestServer,
  unique,
} from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** A product with three plans of 2, 5 and 20 seats, the larger ones with more features. */
async function plans(): Promise<Record<'pequeno' | 'medio' | 'grande', Answer['body']>> {
  const produto = await server.call('POST', '/produtos', { slug: unique('p').toLowerCase(), nome: 'Produto' });
  const plan = async (nome: string, preco_centavos: number, limite_maquinas: number, recursos: string[]) =>
    (
      await server.call('POST', '/planos', {
        ...{ nome, preco_centavos, limite_maquinas, recursos },
        ...{ produto_id: produto.body.id, periodo: 'mensal' },
      })
    ).body;
  return {
    pequeno: await plan('Pequeno', 5_000, 2, ['nfe']),
    medio: await plan('Médio', 9_000, 5, ['nfe', 'estoque']),
    grande: await plan('Grande', 20_000, 20, ['nfe', 'estoque', 'bi']),
  };
}

const subscribe = (plano: Answer['body'], fields: object = {}) =>
  createLicenca(server, { tipo: 'assinatura', plano_id: plano.id, ...fields });

/** The figures are at most five seconds old: asks until they have caught up. */
const resumo = (test: (body: Answer['body']) => boolean) =>
  eventually(
    async () => (await server.call('GET', '/painel/resumo')).body,
    (body) => test(body),
  );

describe('the front page', () => {
  test('of an empty installation is zeros, not errors', async () => {
    const { status, body } = await server.call('GET', '/painel/resumo');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      clientes: { total: 0 },
      licencas: { total: 0 },
      maquinas: { total: 0 },
      online_agora: 0,
      expirando_30_dias: 0,
      receita: { recorrente_mensal_centavos: 0, a_receber_centavos: 0 },
    });
    expect((await server.call('GET', '/painel/sugestoes-upgrade')).body).toEqual({ itens: [], proximo_cursor: null });
  });

  test('counts customers, licences, machines and money as they are in effect', async () => {
    const { medio } = await plans();
    const first = await subscribe(medio);
    await createLicenca(server, { tipo: 'temporaria', dias: 10 });
    const blocked = await createLicenca(server);
    await server.call('POST', `/clientes/${blocked.clienteId}/bloquear`, { motivo: 'x' });
    const { body: machine } = await activate(server, first.licenca.chave);
    await httpClient(server.url, machine.token)('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 2, disco: 3 });
    const { body: invoices } = await server.call('GET', `/faturas?licenca_id=${first.licenca.id}`);
    const body = await resumo(({ online_agora, clientes }) => online_agora === 1 && clientes.bloqueados === 1);
    expect(body.clientes).toEqual({ total: 3, ativos: 2, bloqueados: 1, cancelados: 0 });
    expect(body.licencas).toMatchObject({ total: 3, ativas: 2, bloqueadas: 1 });
    expect(body.maquinas).toMatchObject({ total: 1, online: 1 });
    expect(body.expirando_30_dias).toBeGreaterThanOrEqual(1);
    expect(body.receita).toMatchObject({ recorrente_mensal_centavos: 9_000, a_receber_centavos: 9_000 });
    await server.call('POST', `/faturas/${invoices.itens[0].id}/pagar`, {});
    const after = await resumo(({ receita }) => receita.recebido_no_mes_centavos > 0);
    expect(after.receita).toMatchObject({ a_receber_centavos: 0, recebido_no_mes_centavos: 9_000 });
  });

  test.each(['1h', '24h', '7d', '30d', '1a'])('tells what happened in %s, without holes', async (periodo) => {
    const { status, body } = await server.call('GET', `/painel/uso?periodo=${periodo}`);
    expect(status).toBe(200);
    const sum = (series: [number, number][]): number => series.reduce((total, [, many]) => total + many, 0);
    expect(sum(body.series.clientes_novos)).toBe(3);
    expect(sum(body.series.ativacoes)).toBe(1);
    for (const series of Object.values<[number, number][]>(body.series)) {
      expect(series.length).toBeLessThanOrEqual(60);
      for (const [index, [at]] of series.entries()) expect(at).toBe(Date.parse(body.de) + index * body.passo_ms);
    }
  });

  test('an unknown period is 422', async () => {
    expect((await server.call('GET', '/painel/uso?periodo=3h')).status).toBe(422);
  });
});

describe('suggested upgrades', () => {
  const suggestionFor = (clienteId: string) =>
    eventually(
      async () =>
        (await server.call('GET', '/painel/sugestoes-upgrade?limite=200')).body.itens.find(
          ({ cliente_id }: { cliente_id: string }) => cliente_id === clienteId,
        ),
      (found) => found !== undefined,
    );

  test('name the cheapest plan that is enough, why in figures, and what it brings', async () => {
    const { medio, grande } = await plans();
    const { clienteId, licenca } = await subscribe(medio);
    for (let index = 0; index < 5; index += 1) await activate(server, licenca.chave);
    expect(await suggestionFor(clienteId)).toMatchObject({
      licenca_id: licenca.id,
      plano_atual: { id: medio.id },
      plano_sugerido: { id: grande.id },
      motivos: ['usa 5 de 5 máquinas; o plano Grande permite 20'],
      receita_adicional_mensal_centavos: 11_000,
    });
  });

  test('follow refusals, and leave alone who has enough or the largest plan', async () => {
    const { pequeno, medio, grande } = await plans();
    const tight = await subscribe(pequeno);
    for (let index = 0; index < 4; index += 1) await activate(server, tight.licenca.chave);
    const relaxed = await subscribe(medio);
    await activate(server, relaxed.licenca.chave);
    const largest = await subscribe(grande, { limite_maquinas: 3 });
    for (let index = 0; index < 4; index += 1) await activate(server, largest.licenca.chave);
    const found = await suggestionFor(tight.clienteId);
    expect(found.plano_sugerido.id).toBe(medio.id);
    expect(found.motivos).toContain('2 vezes em 30 dias faltou assento para ativar');
    const { body } = await server.call('GET', '/painel/sugestoes-upgrade?limite=200');
    const suggested = body.itens.map(({ cliente_id }: { cliente_id: string }) => cliente_id);
    expect(suggested).not.toContain(relaxed.clienteId);
    expect(suggested).not.toContain(largest.clienteId);
  });
});
