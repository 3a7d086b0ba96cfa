/**
 * The acceptance table of licences: given a licence in a state, when something is asked, then this is the answer. One line
 * a case, run black box. `then` is the HTTP status and the code, or the status the entity is in afterwards.
 */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type Answer, startServer, type TestServer, unique } from '../support/app';

const day = 86_400_000;
const table = `
given                                   | when                           | then
perpetua                                | verificar                      | 200 VALIDA
demonstracao                            | verificar                      | 200 VALIDA
temporaria                              | verificar                      | 200 VALIDA
assinatura                              | verificar                      | 200 VALIDA
plano                                   | verificar                      | 200 VALIDA
futura                                  | verificar                      | 200 AINDA_NAO_VIGENTE
expirada                                | verificar                      | 200 EXPIRADA
carencia                                | verificar                      | 200 VALIDA
perpetua bloqueada                      | verificar                      | 200 BLOQUEADA
perpetua bloqueada desbloqueada         | verificar                      | 200 VALIDA
perpetua cancelada                      | verificar                      | 200 CANCELADA
perpetua cliente-bloqueado              | verificar                      | 200 CLIENTE_BLOQUEADO
perpetua cliente-bloqueado cliente-ativo | verificar                     | 200 VALIDA
perpetua cliente-cancelado              | verificar                      | 200 CANCELADA
perpetua cliente-cancelado cliente-ativo | verificar                     | 200 VALIDA
perpetua bloqueada cliente-bloqueado    | verificar                      | 200 CLIENTE_BLOQUEADO
perpetua bloqueada cliente-bloqueado cliente-ativo | verificar           | 200 BLOQUEADA
expirada bloqueada                      | verificar                      | 200 BLOQUEADA
expirada cancelada                      | verificar                      | 200 CANCELADA
futura bloqueada                        | verificar                      | 200 BLOQUEADA
expirada renovada                       | verificar                      | 200 VALIDA
expirada cliente-bloqueado              | verificar                      | 200 CLIENTE_BLOQUEADO
perpetua                                | verificar produto=outro        | 200 PRODUTO_DIFERENTE
perpetua                                | verificar produto=padrao       | 200 VALIDA
expirada                                | verificar produto=outro        | 200 EXPIRADA
perpetua versoes                        | verificar versao=4.9.9         | 200 VALIDA
perpetua versoes                        | verificar versao=5.0.0         | 200 VERSAO_NAO_PERMITIDA
perpetua versoes                        | verificar versao=lixo          | 200 VERSAO_NAO_PERMITIDA
perpetua versoes                        | verificar versao=5.0.0&produto=outro | 200 PRODUTO_DIFERENTE
perpetua recursos                       | verificar recursos=nfe         | 200 VALIDA
perpetua recursos                       | verificar recursos=nfe,sped    | 200 RECURSO_AUSENTE
perpetua recursos                       | verificar recursos=usuarios:10 | 200 VALIDA
perpetua recursos                       | verificar recursos=usuarios:11 | 200 RECURSO_AUSENTE
perpetua versoes                        | verificar versao=5.0.0&recursos=x | 200 VERSAO_NAO_PERMITIDA
perpetua                                | verificar impressao=m1         | 200 MAQUINA_NAO_ATIVADA
perpetua maquina                        | verificar                      | 200 IMPRESSAO_NECESSARIA
perpetua maquina                        | verificar impressao=m1         | 200 VALIDA
perpetua maquina                        | verificar impressao=m2         | 200 MAQUINA_NAO_ATIVADA
perpetua maquina maquina-bloqueada      | verificar impressao=m1         | 200 MAQUINA_BLOQUEADA
perpetua maquina maquina-bloqueada maquina-livre | verificar impressao=m1 | 200 VALIDA
perpetua maquina maquina-bloqueada bloqueada | verificar impressao=m1    | 200 BLOQUEADA
perpetua maquina desativada             | verificar impressao=m1         | 200 MAQUINA_NAO_ATIVADA
perpetua maquina desativada             | verificar                      | 200 VALIDA
perpetua maquina recursos               | verificar recursos=nfe         | 200 IMPRESSAO_NECESSARIA
perpetua maquina                        | verificar impressao=m1&recursos=x | 200 RECURSO_AUSENTE
perpetua                                | ativar m1                      | 201 VALIDA
perpetua maquina                        | ativar m1                      | 200 VALIDA
perpetua maquina                        | ativar m2                      | 409 LIMITE_DE_MAQUINAS
perpetua maquina desativada             | ativar m2                      | 201 VALIDA
perpetua maquina desativada             | ativar m1                      | 201 VALIDA
perpetua dois-assentos maquina          | ativar m2                      | 201 VALIDA
perpetua excedente maquina              | ativar m2                      | 201 VALIDA
perpetua excedente maquina maquina-2    | ativar m3                      | 409 LIMITE_DE_MAQUINAS
perpetua flutuante maquina              | ativar m2                      | 201 MAQUINA_NAO_ATIVADA
perpetua bloqueada                      | ativar m1                      | 403 BLOQUEADA
perpetua maquina bloqueada              | ativar m1                      | 403 BLOQUEADA
perpetua cancelada                      | ativar m1                      | 403 CANCELADA
perpetua cliente-bloqueado              | ativar m1                      | 403 CLIENTE_BLOQUEADO
perpetua cliente-cancelado              | ativar m1                      | 403 CANCELADA
expirada                                | ativar m1                      | 403 EXPIRADA
futura                                  | ativar m1                      | 403 AINDA_NAO_VIGENTE
perpetua maquina maquina-bloqueada      | ativar m1                      | 403 MAQUINA_BLOQUEADA
perpetua maquina maquina-bloqueada desativada | ativar m1                | 403 MAQUINA_BLOQUEADA
perpetua                                | ativar m1 produto=outro        | 403 PRODUTO_DIFERENTE
perpetua versoes                        | ativar m1 versao=6.0.0         | 403 VERSAO_NAO_PERMITIDA
perpetua                                | ativar 0000                    | 422 IMPRESSAO_INVALIDA
perpetua                                | desativar m1                   | 404 MAQUINA_NAO_ATIVADA
perpetua maquina                        | desativar m1                   | 200 ok
perpetua maquina desativada             | desativar m1                   | 200 ok
perpetua maquina bloqueada              | desativar m1                   | 200 ok
perpetua                                | bloquear                       | 200 bloqueada
perpetua bloqueada                      | bloquear                       | 200 bloqueada
expirada                                | bloquear                       | 200 bloqueada
futura                                  | bloquear                       | 200 bloqueada
perpetua cancelada                      | bloquear                       | 409 TRANSICAO_INVALIDA
perpetua                                | bloquear-sem-motivo            | 422 VALIDACAO
perpetua                                | desbloquear                    | 200 ativa
perpetua bloqueada                      | desbloquear                    | 200 ativa
expirada bloqueada                      | desbloquear                    | 200 expirada
futura bloqueada                        | desbloquear                    | 200 pendente
perpetua cancelada                      | desbloquear                    | 409 TRANSICAO_INVALIDA
perpetua bloqueada cliente-bloqueado    | desbloquear                    | 200 bloqueada
perpetua                                | cancelar                       | 200 cancelada
perpetua bloqueada                      | cancelar                       | 200 cancelada
expirada                                | cancelar                       | 200 cancelada
perpetua cancelada                      | cancelar                       | 409 TRANSICAO_INVALIDA
temporaria                              | renovar                        | 200 ativa
demonstracao                            | renovar                        | 200 ativa
assinatura                              | renovar                        | 200 ativa
plano                                   | renovar                        | 200 ativa
expirada                                | renovar                        | 200 ativa
temporaria bloqueada                    | renovar                        | 200 bloqueada
perpetua                                | renovar                        | 409 TRANSICAO_INVALIDA
temporaria cancelada                    | renovar                        | 409 TRANSICAO_INVALIDA
temporaria                              | renovar-para-o-passado         | 422 VALIDACAO
perpetua                                | cliente bloquear               | 200 bloqueado
perpetua cliente-bloqueado              | cliente bloquear               | 200 bloqueado
perpetua cliente-cancelado              | cliente bloquear               | 409 TRANSICAO_INVALIDA
perpetua cliente-bloqueado              | cliente ativar                 | 200 ativo
perpetua cliente-bloqueado              | cliente cancelar               | 200 cancelado
perpetua cliente-cancelado              | cliente ativar                 | 200 ativo
perpetua cliente-cancelado              | nova-licenca                   | 422 VALIDACAO
perpetua maquina                        | arquivo m1                     | 200 ok
perpetua maquina                        | arquivo m2                     | 404 MAQUINA_NAO_ATIVADA
expirada                                | arquivo m1                     | 403 EXPIRADA
perpetua maquina bloqueada              | arquivo m1                     | 403 BLOQUEADA
`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

interface World {
  clienteId: string;
  licenca: Answer['body'];
  maquinaId: string;
}

const at = (days: number): string => new Date(Date.now() + days * day).toISOString();

/** What each word of `given` asks of a licence that is issued. */
const issued: Readonly<Record<string, () => object>> = {
  perpetua: () => ({ tipo: 'perpetua' }),
  demonstracao: () => ({ tipo: 'demonstracao' }),
  temporaria: () => ({ tipo: 'temporaria', dias: 30 }),
  assinatura: () => ({ tipo: 'assinatura', dias: 30 }),
  plano: () => ({ tipo: 'assinatura' }),
  futura: () => ({ tipo: 'temporaria', inicia_em: at(1), dias: 30 }),
  expirada: () => ({ tipo: 'temporaria', inicia_em: at(-10), expira_em: at(-1) }),
  carencia: () => ({ tipo: 'assinatura', inicia_em: at(-10), expira_em: at(-1) }),
  versoes: () => ({ versoes: '>=4.0.0 <5.0.0' }),
  recursos: () => ({ recursos: ['nfe', 'usuarios:10'] }),
  'dois-assentos': () => ({ limite_maquinas: 2 }),
  excedente: () => ({ excedente_pct: 100 }),
  flutuante: () => ({ flutuante: true }),
};

const key = (world: World, path: string, body: object) =>
  server.call('POST', `/licencas/${path}/${world.licenca.chave}`, body, { authorization: null });

/** What each further word does to it. */
const done: Readonly<Record<string, (world: World) => Promise<Answer>>> = {
  bloqueada: ({ licenca }) => server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'teste' }),
  desbloqueada: ({ licenca }) => server.call('POST', `/licencas/${licenca.id}/desbloquear`),
  cancelada: ({ licenca }) => server.call('POST', `/licencas/${licenca.id}/cancelar`),
  renovada: ({ licenca }) => server.call('POST', `/licencas/${licenca.id}/renovar`, { dias: 30 }),
  'cliente-bloqueado': ({ clienteId }) => server.call('POST', `/clientes/${clienteId}/bloquear`, { motivo: 'teste' }),
  'cliente-cancelado': ({ clienteId }) => server.call('POST', `/clientes/${clienteId}/cancelar`),
  'cliente-ativo': ({ clienteId }) => server.call('POST', `/clientes/${clienteId}/ativar`),
  maquina: async (world) => {
    const answer = await key(world, 'ativar', { impressao: 'm1' });
    world.maquinaId = answer.body.maquina.id;
    return answer;
  },
  'maquina-2': (world) => key(world, 'ativar', { impressao: 'm2' }),
  'maquina-bloqueada': ({ maquinaId }) => server.call('POST', `/maquinas/${maquinaId}/bloquear`, { motivo: 'teste' }),
  'maquina-livre': ({ maquinaId }) => server.call('POST', `/maquinas/${maquinaId}/desbloquear`),
  desativada: (world) => key(world, 'desativar', { impressao: 'm1' }),
};

async function arrange(given: string): Promise<World> {
  const words = given.split(/\s+/);
  const cliente = await server.call('POST', '/clientes', { nome: 'C', email: `${unique('aceite')}@exemplo.com.br` });
  const fields = Object.assign({}, ...words.map((word) => issued[word]?.() ?? {}));
  // A subscription has grace only from its plan; days of its own keep it from being billed.
  const withPlan = words.includes('plano') || words.includes('carencia');
  const plano = withPlan
    ? await server.call('POST', '/planos', {
        nome: unique('P'),
        preco_centavos: 100,
        periodo: 'mensal',
        carencia_dias: 5,
      })
    : null;
  const licenca = await server.call('POST', '/licencas', {
    cliente_id: cliente.body.id,
    plano_id: plano?.body.id ?? null,
    ...fields,
  });
  expect([licenca.status, given]).toEqual([201, given]);
  const world: World = { clienteId: cliente.body.id, licenca: licenca.body, maquinaId: '' };
  for (const word of words) {
    if (word in issued) continue;
    const step = done[word];
    if (!step) throw new Error(`unknown word in the table: ${word}`);
    const answer = await step(world);
    expect([word, answer.status < 300]).toEqual([word, true]);
  }
  return world;
}

async function act(when: string, world: World): Promise<Answer> {
  const [verb = '', ...rest] = when.split(' ');
  const { licenca, clienteId } = world;
  const action = (path: string, body?: object) => server.call('POST', `/licencas/${licenca.id}/${path}`, body);
  switch (verb) {
    case 'verificar':
      return server.call('GET', `/licencas/verificar/${licenca.chave}?${rest.join(' ')}`, undefined, {
        authorization: null,
      });
    case 'ativar': {
      const [impressao, ...more] = rest;
      const answer = await key(world, 'ativar', {
        impressao,
        ...Object.fromEntries(more.map((pair) => pair.split('='))),
      });
      return answer.status < 300 ? { ...answer, body: { codigo: answer.body.maquina.codigo } } : answer;
    }
    case 'desativar':
      return key(world, 'desativar', { impressao: rest[0] });
    case 'bloquear':
      return action('bloquear', { motivo: 'teste' });
    case 'bloquear-sem-motivo':
      return action('bloquear', {});
    case 'desbloquear':
    case 'cancelar':
      return action(verb);
    case 'renovar':
      return action('renovar', { dias: 30 });
    case 'renovar-para-o-passado':
      return action('renovar', { expira_em: at(-5) });
    case 'cliente':
      return server.call(
        'POST',
        `/clientes/${clienteId}/${rest[0]}`,
        rest[0] === 'bloquear' ? { motivo: 'teste' } : undefined,
      );
    case 'nova-licenca':
      return server.call('POST', '/licencas', { cliente_id: clienteId, tipo: 'perpetua' });
    case 'arquivo':
      return server.call('GET', `/licencas/${licenca.id}/arquivo?impressao=${rest[0]}`);
    default:
      throw new Error(`unknown verb in the table: ${verb}`);
  }
}

const cases = table
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('|').map((cell) => cell.trim()) as [string, string, string]);

describe('acceptance of licences', () => {
  test('the table has at least eighty cases, none twice', () => {
    expect(cases.length).toBeGreaterThanOrEqual(80);
    expect(new Set(cases.map(([given, when]) => `${given} | ${when}`)).size).toBe(cases.length);
  });

  test.each(cases)('given %s, when %s, then %s', async (given, when, then) => {
    const world = await arrange(given);
    const { status, body } = await act(when, world);
    const outcome = body.codigo ?? body.status ?? 'ok';
    expect(`${status} ${outcome}`).toBe(then);
  });
});
