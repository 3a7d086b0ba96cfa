import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import {
  type Answer,
  activate,
  createLicenca,
  eventsOf,
  eventually,
  startServer,
  type TestServer,
  unique,
} from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** A customer with a monthly plan. */
async function subscriber(): Promise<{ clienteId: string; licenca: Answer['body'] }> {
  const { body: produto } = await server.call('GET', '/produtos?limite=1');
  const plano = await server.call('POST', '/planos', {
    nome: unique('Plano'),
    produto_id: produto.itens[0].id,
    preco_centavos: 9_900,
    periodo: 'mensal',
    limite_maquinas: 5,
  });
  return createLicenca(server, { tipo: 'assinatura', plano_id: plano.body.id, renovacao_automatica: false });
}

/** Rewrites what only time can bring about. */
function rewrite(statement: string, ...parameters: (string | number)[]): void {
  const db = new Database(join(server.data, 'narcidi.db'), { readwrite: true });
  db.run('PRAGMA busy_timeout = 5000');
  db.run(statement, parameters);
  db.close();
}

const sumOf = (score: Answer['body']): number =>
  score.fatores.reduce((sum: number, { contribuicao }: { contribuicao: number }) => sum + contribuicao, score.base);

describe('churn', () => {
  test('of a customer is explained: base and contributions add up to the probability', async () => {
    const { clienteId } = await subscriber();
    const { status, body } = await server.call('GET', `/ml/churn/${clienteId}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ cliente_id: clienteId, modelo: 'churn/1' });
    expect(['baixo', 'medio', 'alto', 'critico']).toContain(body.classe);
    expect(sumOf(body)).toBeCloseTo(body.probabilidade, 9);
    const months = body.fatores.find(({ nome }: { nome: string }) => nome === 'contrato_meses');
    expect(months.texto).toStartWith('períodos de 1 mês: ');
  });

  test('rises with silence and overdue invoices, and says so with figures', async () => {
    const { clienteId, licenca } = await subscriber();
    const { body: before } = await server.call('GET', `/ml/churn/${clienteId}`);
    for (let index = 0; index < 2; index += 1) await activate(server, licenca.chave);
    const daysAgo = (days: number): number => Date.now() - days * 86_400_000;
    rewrite('UPDATE maquinas SET criado_em = ? WHERE cliente_id = ?', daysAgo(60), clienteId);
    rewrite('UPDATE faturas SET vence_em = ? WHERE cliente_id = ?', daysAgo(50), clienteId);
    const { body: run } = await server.call('POST', '/ml/churn/executar');
    expect(run).toMatchObject({ modelo: 'churn/1' });
    expect(run.novos_em_risco).toBeGreaterThan(0);
    const { body } = await server.call('GET', `/ml/churn/${clienteId}`);
    expect(body.probabilidade).toBeGreaterThan(before.probabilidade);
    expect(['alto', 'critico']).toContain(body.classe);
    const texts = body.fatores.map(({ texto }: { texto: string }) => texto);
    expect(texts).toContainEqual(expect.stringMatching(/^2 de 2 máquinas sem sinal há \d+ dias: \+\d+ pontos$/));
    expect(texts).toContainEqual(expect.stringMatching(/^1 fatura vencida, a mais antiga há 50 dias: \+\d+ pontos$/));
    expect(body.sugestoes.length).toBeGreaterThan(0);
    expect(sumOf(body)).toBeCloseTo(body.probabilidade, 9);
    expect(eventsOf(server, clienteId)).toContain('churn.risco_alto');
    // Scored again, nothing has become worse.
    const { body: again } = await server.call('POST', '/ml/churn/executar');
    expect(again.novos_em_risco).toBe(0);
  });

  test('is a list, the greatest risk first, by class and by page', async () => {
    for (let index = 0; index < 3; index += 1) await createLicenca(server);
    await server.call('POST', '/ml/churn/executar');
    const seen: number[] = [];
    let cursor = '';
    do {
      const { body } = await server.call('GET', `/ml/churn?limite=2${cursor ? `&cursor=${cursor}` : ''}`);
      seen.push(...body.itens.map(({ probabilidade }: { probabilidade: number }) => probabilidade));
      cursor = body.proximo_cursor ?? '';
    } while (cursor);
    expect(seen.length).toBeGreaterThan(3);
    expect(seen).toEqual([...seen].sort((a, b) => b - a));
    const { body } = await server.call('GET', '/ml/churn?classe=critico');
    expect(body.itens.every(({ classe }: { classe: string }) => classe === 'critico')).toBe(true);
  });

  test('a customer without any history has a score too, one who left has none', async () => {
    const { body: cliente } = await server.call('POST', '/clientes', {
      nome: 'Novo',
      email: `${unique('n')}@x.com.br`,
    });
    const { body } = await server.call('GET', `/ml/churn/${cliente.id}`);
    expect(body.probabilidade).toBeWithin(0, 1);
    expect(body.fatores.every(({ contribuicao }: { contribuicao: number }) => Number.isFinite(contribuicao))).toBe(
      true,
    );
    await server.call('POST', '/ml/churn/executar');
    await server.call('POST', `/clientes/${cliente.id}/cancelar`);
    await server.call('POST', '/ml/churn/executar');
    const { body: list } = await server.call('GET', '/ml/churn?limite=200');
    expect(list.itens.map(({ cliente_id }: { cliente_id: string }) => cliente_id)).not.toContain(cliente.id);
    expect((await server.call('GET', '/ml/churn/0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d')).status).toBe(404);
    expect((await server.call('GET', '/ml/churn/nada')).status).toBe(422);
  });

  test('refusals by the licence count', async () => {
    const { clienteId, licenca } = await createLicenca(server, { limite_maquinas: 1 });
    await activate(server, licenca.chave);
    for (let index = 0; index < 3; index += 1) expect((await activate(server, licenca.chave)).status).toBe(409);
    const { body } = await eventually(
      () => server.call('GET', `/ml/churn/${clienteId}`),
      (answer) => JSON.stringify(answer.body).includes('recusadas'),
    );
    expect(JSON.stringify(body)).toContain('3 validações recusadas em 30 dias');
  });
});

describe('models', () => {
  test('the shipped one is in use, with its figures and its card', async () => {
    const { body } = await server.call('GET', '/ml/modelos');
    const [model] = body.itens;
    expect(model).toMatchObject({ nome: 'churn', versao: '1', ativo: true, linhas: 7_043 });
    expect(model.auc).toBeGreaterThanOrEqual(0.836);
    expect(model.brier).toBeLessThanOrEqual(0.139);
    expect(model.cartao).toContain('cold-start');
    const again = await server.call('POST', `/ml/modelos/${model.id}/ativar`);
    expect([again.status, again.body.ativo]).toEqual([200, true]);
  });

  test('training says what history is missing', async () => {
    const { status, body } = await server.call('POST', '/ml/modelos/treinar');
    expect([status, body.codigo]).toEqual([409, 'HISTORICO_INSUFICIENTE']);
    expect(body.detail).toMatch(/^Há \d+ clientes; faltam \d+ para treinar com 200\.$/);
  });

  test('a damaged file is refused, and scoring goes on with a good one', async () => {
    const { body } = await server.call('GET', '/ml/modelos');
    const [model] = body.itens;
    rewrite('UPDATE modelos SET arquivo = zeroblob(100) WHERE id = ?', model.id);
    expect((await server.call('POST', `/ml/modelos/${model.id}/ativar`)).body.codigo).toBe('MODELO_INVALIDO');
    expect((await server.call('POST', '/ml/churn/executar')).body.clientes).toBeGreaterThan(0);
  });
});
