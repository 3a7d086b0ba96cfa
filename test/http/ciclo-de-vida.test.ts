import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { createLocalJWKSet, type JWK, jwtVerify } from 'jose';
import { Webhook } from 'standardwebhooks';
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

const secret = `whsec_${Buffer.from('um segredo de trinta e dois bytes').toString('base64')}`;

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ NARCIDI_PAYMENT_SECRET: secret });
});
afterAll(() => server.stop());

async function newPlano(fields: object = {}) {
  const { body } = await server.call('POST', '/planos', {
    nome: unique('Plano'),
    preco_centavos: 19_990,
    periodo: 'mensal',
    limite_maquinas: 3,
    recursos: ['nfe', 'usuarios:10'],
    carencia_dias: 5,
    ...fields,
  });
  return body;
}

const verify = async (chave: string, query: string) =>
  (await server.call('GET', `/licencas/verificar/${chave}${query}`)).body;

describe('products', () => {
  test('padrao is there from the start and stays', async () => {
    const { body } = await server.call('GET', '/produtos?limite=200');
    const padrao = body.itens.find((item: { slug: string }) => item.slug === 'padrao');
    expect((await server.call('DELETE', `/produtos/${padrao.id}`)).body.codigo).toBe('EM_USO');
    expect((await server.call('PUT', `/produtos/${padrao.id}`, { slug: 'outro' })).body.codigo).toBe(
      'TRANSICAO_INVALIDA',
    );
    expect((await server.call('PUT', `/produtos/${padrao.id}`, { nome: 'Meu ERP' })).body.nome).toBe('Meu ERP');
  });

  test('are created, found, refused twice, and removed while nothing is of them', async () => {
    const slug = unique('erp');
    const created = await server.call('POST', '/produtos', { slug, nome: 'ERP' });
    expect(created.status).toBe(201);
    expect((await server.call('POST', '/produtos', { slug, nome: 'Outro' })).body.codigo).toBe('SLUG_DUPLICADO');
    expect((await server.call('POST', '/produtos', { slug: 'Com Espaço', nome: 'x' })).status).toBe(422);
    const { licenca } = await createLicenca(server, { produto: slug });
    expect(licenca.produto).toBe(slug);
    expect((await server.call('DELETE', `/produtos/${created.body.id}`)).body.codigo).toBe('EM_USO');
    const unused = await server.call('POST', '/produtos', { slug: unique('x'), nome: 'x' });
    expect((await server.call('DELETE', `/produtos/${unused.body.id}`)).status).toBe(204);
  });
});

describe('plans', () => {
  test('give a subscription its end, limit, features and first invoice', async () => {
    const plano = await newPlano();
    const { licenca } = await createLicenca(server, { tipo: 'assinatura', plano_id: plano.id });
    expect(licenca).toMatchObject({
      status: 'ativa',
      limite_maquinas: 3,
      recursos: ['nfe', 'usuarios:10'],
      renovacao_automatica: true,
    });
    const days = (Date.parse(licenca.expira_em) - Date.parse(licenca.inicia_em)) / 86_400_000;
    expect(days).toBeWithin(27.9, 31.1);
    const { body } = await server.call('GET', `/faturas?licenca_id=${licenca.id}`);
    expect(body.itens).toHaveLength(1);
    expect(body.itens[0]).toMatchObject({
      valor_centavos: 19_990,
      status: 'pendente',
      periodo_fim: licenca.expira_em,
      paga_em: null,
    });
    expect(eventsOf(server, licenca.id)).toEqual(['fatura.criada', 'licenca.criada']);
    expect((await server.call('DELETE', `/planos/${plano.id}`)).body.codigo).toBe('EM_USO');
  });

  test('of another product are refused', async () => {
    const { body: produto } = await server.call('POST', '/produtos', { slug: unique('p'), nome: 'P' });
    const plano = await newPlano({ produto: produto.slug });
    const cliente = await server.call('POST', '/clientes', { nome: 'C', email: `${unique('c')}@exemplo.com.br` });
    const answer = await server.call('POST', '/licencas', {
      cliente_id: cliente.body.id,
      tipo: 'assinatura',
      plano_id: plano.id,
      produto: 'padrao',
    });
    expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'plano_id']);
  });

  test.each([
    [{ preco_centavos: -1 }, 'preco_centavos'],
    [{ preco_centavos: 1.5 }, 'preco_centavos'],
    [{ preco_centavos: '100' }, 'preco_centavos'],
    [{ periodo: 'semanal' }, 'periodo'],
    [{ limite_maquinas: 0 }, 'limite_maquinas'],
    [{ carencia_dias: -1 }, 'carencia_dias'],
    [{ produto: 'nao-existe' }, 'produto'],
  ])('%j is refused, naming %s', async (fields, campo) => {
    const answer = await server.call('POST', '/planos', {
      nome: unique('P'),
      preco_centavos: 1,
      periodo: 'mensal',
      ...fields,
    });
    expect([answer.status, answer.body.erros[0].campo]).toEqual([422, campo]);
  });

  test('simulating tells what would change, and saves nothing', async () => {
    const plano = await newPlano();
    const { licenca } = await createLicenca(server, { tipo: 'assinatura', plano_id: plano.id });
    await activate(server, licenca.chave);
    await activate(server, licenca.chave);
    const { body } = await server.call('POST', `/planos/${plano.id}/simular`, {
      limite_maquinas: 1,
      recursos: ['nfe'],
    });
    expect(body).toMatchObject({ licencas: 1, licencas_afetadas: 1, maquinas_afetadas: 2 });
    expect(body.exemplos[0].mudancas.join()).toMatch(/RECURSO_AUSENTE.*LIMITE_DE_MAQUINAS/);
    expect((await server.call('GET', `/planos/${plano.id}`)).body).toEqual(plano);
  });

  test('a change reaches the licences that inherit, in verification at once', async () => {
    const plano = await newPlano({ recursos: [] });
    const { licenca } = await createLicenca(server, { tipo: 'assinatura', plano_id: plano.id });
    expect((await verify(licenca.chave, '?recursos=sped')).codigo).toBe('RECURSO_AUSENTE');
    await server.call('PUT', `/planos/${plano.id}`, { recursos: ['sped'] });
    expect((await verify(licenca.chave, '?recursos=sped')).codigo).toBe('VALIDA');
  });
});

describe('payment notices', () => {
  async function notice(body: object, sign: { id?: string; secret?: string; at?: Date; alter?: boolean } = {}) {
    const text = JSON.stringify(body);
    const id = sign.id ?? unique('msg');
    const at = sign.at ?? new Date();
    const signature = new Webhook(sign.secret ?? secret).sign(id, at, text);
    return server.call('POST', '/pagamentos/webhook', sign.alter ? text.replace('pago', 'paga') : text, {
      authorization: null,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': signature,
    });
  }

  async function openInvoice() {
    const plano = await newPlano();
    const { licenca } = await createLicenca(server, { tipo: 'assinatura', plano_id: plano.id });
    const { body } = await server.call('GET', `/faturas?licenca_id=${licenca.id}`);
    return body.itens[0];
  }

  test('pay the invoice once for each reference', async () => {
    const fatura = await openInvoice();
    const body = { fatura_id: fatura.id, evento: 'pago', valor_centavos: 19_990, referencia: unique('ref') };
    const first = await notice(body);
    expect([first.status, first.body.fatura.status]).toEqual([200, 'paga']);
    expect((await notice(body)).body.fatura).toEqual(first.body.fatura);
    expect(eventsOf(server, fatura.id)).toEqual(['fatura.criada', 'fatura.paga']);
    const other = await openInvoice();
    expect((await notice({ ...body, fatura_id: other.id })).body.codigo).toBe('REFERENCIA_DIVERGENTE');
  });

  test('are refused when unsigned, altered, old, of another secret or another amount', async () => {
    const fatura = await openInvoice();
    const body = { fatura_id: fatura.id, evento: 'pago', valor_centavos: 19_990, referencia: unique('ref') };
    const unsigned = await server.call('POST', '/pagamentos/webhook', body, { authorization: null });
    expect([unsigned.status, unsigned.body.codigo]).toEqual([401, 'ASSINATURA_INVALIDA']);
    expect((await notice(body, { alter: true })).body.codigo).toBe('ASSINATURA_INVALIDA');
    expect((await notice(body, { at: new Date(Date.now() - 600_000) })).body.codigo).toBe('ASSINATURA_INVALIDA');
    expect((await notice(body, { secret: `whsec_${Buffer.from('outro').toString('base64')}` })).body.codigo).toBe(
      'ASSINATURA_INVALIDA',
    );
    expect((await notice({ ...body, valor_centavos: 1 })).body.codigo).toBe('VALOR_DIVERGENTE');
    expect((await notice({ ...body, fatura_id: '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d' })).status).toBe(404);
    expect((await notice({ ...body, referencia: '' })).status).toBe(422);
    expect((await notice({ ...body, evento: 'estornado' })).body).toEqual({ recebido: true });
    expect((await server.call('GET', `/faturas/${fatura.id}`)).body.status).toBe('pendente');
  });

  test('without a secret nobody is believed', async () => {
    const own = await startServer();
    const answer = await own.call('POST', '/pagamentos/webhook', {}, { authorization: null });
    expect([answer.status, answer.body.codigo]).toEqual([403, 'PAGAMENTO_NAO_CONFIGURADO']);
    await own.stop();
  });
});

describe('what a licence may run', () => {
  test.each([
    ['>=4.0.0 <5.0.0', '4.2.1', 'VALIDA'],
    ['>=4.0.0 <5.0.0', '5.0.0', 'VERSAO_NAO_PERMITIDA'],
    ['>=4.0.0 <5.0.0', '3.9.9', 'VERSAO_NAO_PERMITIDA'],
    ['^4.1.0', '4.1.0-beta.1', 'VERSAO_NAO_PERMITIDA'],
    ['^4.1.0', '4.2.0-beta.1', 'VALIDA'],
    ['^4.1.0', 'quatro', 'VERSAO_NAO_PERMITIDA'],
  ])('a licence for %s at version %s is %s', async (versoes, versao, codigo) => {
    const { licenca } = await createLicenca(server, { versoes });
    expect((await verify(licenca.chave, `?versao=${versao}`)).codigo).toBe(codigo);
    expect((await verify(licenca.chave, '')).codigo).toBe('VALIDA');
  });

  test('a range that is none is refused', async () => {
    const { licenca } = await createLicenca(server);
    const answer = await server.call('PUT', `/licencas/${licenca.id}`, { versoes: 'a mais nova' });
    expect([answer.status, answer.body.erros[0].campo]).toEqual([422, 'versoes']);
  });

  test.each([
    ['usuarios', 'VALIDA'],
    ['usuarios:10', 'VALIDA'],
    ['usuarios:11', 'RECURSO_AUSENTE'],
    ['nfe:1000000', 'VALIDA'],
    ['sped', 'RECURSO_AUSENTE'],
  ])('with nfe and usuarios:10, asking for %s is %s', async (recurso, codigo) => {
    const { licenca } = await createLicenca(server, { recursos: ['nfe', 'usuarios:10'] });
    expect((await verify(licenca.chave, `?recursos=${recurso}`)).codigo).toBe(codigo);
  });

  test('overage lets more in, and tells of each', async () => {
    const { licenca } = await createLicenca(server, { limite_maquinas: 2, excedente_pct: 50 });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await activate(server, licenca.chave)).status);
    expect(statuses).toEqual([201, 201, 201, 409]);
    expect(eventsOf(server, licenca.id).filter((tipo) => tipo === 'licenca.limite_excedido')).toHaveLength(1);
  });
});

describe('a batch of verifications', () => {
  test('answers in order, each as it would be alone', async () => {
    const good = await createLicenca(server);
    const blocked = await createLicenca(server);
    await server.call('POST', `/licencas/${blocked.licenca.id}/bloquear`, { motivo: 'x' });
    const itens = [
      { chave: good.licenca.chave, nonce: 'n' },
      { chave: blocked.licenca.chave, explicar: true },
      { chave: 'nada' },
    ];
    const { body } = await server.call('POST', '/licencas/verificar', { itens }, { authorization: null });
    expect(body.itens.map((item: { codigo: string }) => item.codigo)).toEqual([
      'VALIDA',
      'BLOQUEADA',
      'NAO_ENCONTRADA',
    ]);
    expect(body.itens[1].motivos).toHaveLength(1);
    const many = Array.from({ length: 501 }, () => ({ chave: 'x' }));
    expect((await server.call('POST', '/licencas/verificar', { itens: many })).status).toBe(422);
    expect((await server.call('POST', '/licencas/verificar', { itens: [] })).status).toBe(422);
  });
});

describe('the licence file', () => {
  test('is a JWS for the machine, to the end of the licence, and refused for what may not run', async () => {
    const { licenca } = await createLicenca(server, { tipo: 'temporaria', dias: 400 });
    const { body: machine } = await activate(server, licenca.chave, unique('cofre'));
    const path = `/licencas/${licenca.id}/arquivo?impressao=${machine.maquina.impressao}`;
    const answer = await server.call('GET', path);
    expect(answer.headers.get('content-type')).toStartWith('application/jose');
    const jwks = (await (await fetch(`${server.url}/.well-known/jwks.json`)).json()) as { keys: [JWK] };
    const { payload } = await jwtVerify(answer.body, createLocalJWKSet(jwks));
    expect(payload).toMatchObject({ sub: licenca.id, impressao: machine.maquina.impressao, valida: true });
    expect(payload.exp).toBe(Math.floor(Date.parse(licenca.expira_em) / 1000));
    expect((await server.call('GET', `/licencas/${licenca.id}/arquivo?impressao=outra`)).body.codigo).toBe(
      'MAQUINA_NAO_ATIVADA',
    );
    await server.call('POST', `/licencas/${licenca.id}/bloquear`, { motivo: 'x' });
    expect((await server.call('GET', path)).body.codigo).toBe('BLOQUEADA');
  });
});

describe('what is held on a customer', () => {
  test('its history tells every change, who made it, before and after', async () => {
    const { body } = await server.call('POST', '/clientes', { nome: 'Antes', email: `${unique('h')}@exemplo.com.br` });
    await server.call('PUT', `/clientes/${body.id}`, { nome: 'Depois' });
    await server.call('POST', `/clientes/${body.id}/bloquear`, { motivo: 'x' }, { 'x-request-id': 'pedido-7' });
    const { body: historico } = await server.call('GET', `/clientes/${body.id}/historico`);
    expect(historico.itens.map((item: { acao: string }) => item.acao)).toEqual(['criar', 'editar', 'bloquear']);
    expect(historico.itens[1]).toMatchObject({
      antes: { nome: 'Antes' },
      depois: { nome: 'Depois' },
      ator: { tipo: 'usuario' },
    });
    expect(historico.itens[2]).toMatchObject({
      request_id: 'pedido-7',
      depois: { status: 'bloqueado', motivo_bloqueio: 'x' },
    });
    expect(historico.itens[0].depois.criado_em).toBe(body.criado_em);
    const page = await server.call('GET', `/clientes/${body.id}/historico?limite=2&ordem=-em`);
    expect(page.body.itens.map((item: { acao: string }) => item.acao)).toEqual(['bloquear', 'editar']);
  });

  test('the export holds all of it, anonymising takes what is personal and leaves the invoices', async () => {
    const plano = await newPlano();
    const { clienteId, licenca } = await createLicenca(server, { tipo: 'assinatura', plano_id: plano.id });
    await server.call('PUT', `/clientes/${clienteId}`, { telefone: '67 99999-0000', metadados: { cpf_do_dono: '1' } });
    const hostname = unique('pc-da-maria');
    const machine = { impressao: hostname.replace('pc', 'm'), hostname, nome: 'Caixa' };
    const { maquina } = (await server.call('POST', `/licencas/ativar/${licenca.chave}`, machine)).body;
    await server.call('POST', `/maquinas/${maquina.id}/comandos`, { tipo: 'mensagem', dados: { texto: 'Oi, Maria' } });
    const { body } = await server.call('GET', `/clientes/${clienteId}/exportar`);
    const held = [body.licencas, body.maquinas, body.comandos, body.faturas];
    expect(held.map((list) => list.length)).toEqual([1, 1, 1, 1]);
    expect((await server.call('GET', `/maquinas?busca=${hostname}`)).body.itens).toHaveLength(1);
    expect(JSON.stringify(body)).not.toContain(licenca.chave);
    const anonymous = await server.call('POST', `/clientes/${clienteId}/anonimizar`);
    expect(anonymous.body).toMatchObject({
      nome: 'Cliente anonimizado',
      telefone: null,
      documento: null,
      metadados: {},
    });
    expect((await server.call('POST', `/clientes/${clienteId}/anonimizar`)).body).toEqual(anonymous.body);
    expect((await server.call('GET', `/faturas?cliente_id=${clienteId}`)).body.itens).toHaveLength(1);
    expect((await server.call('GET', `/maquinas?busca=${hostname}`)).body.itens).toEqual([]);
    expect((await server.call('GET', `/maquinas/${maquina.id}/comandos`)).body.itens).toEqual([]);
    const { body: historico } = await server.call('GET', `/clientes/${clienteId}/historico?ordem=-em`);
    expect(historico.itens[0]).toMatchObject({ acao: 'anonimizar', antes: null });
    expect((await verify(licenca.chave, '')).codigo).toBe('IMPRESSAO_NECESSARIA');
  });
});

describe('a floating licence', () => {
  test('lets more register than run; a heartbeat takes a seat, silence for an interval frees it', async () => {
    const own = await startServer({ NARCIDI_HEARTBEAT_INTERVAL: '2' });
    const { licenca } = await createLicenca(own, { flutuante: true, limite_maquinas: 1 });
    const { body: first } = await activate(own, licenca.chave, 'f1');
    const { body: second } = await activate(own, licenca.chave, 'f2');
    const codeOf = async (name: string) =>
      (await own.call('GET', `/licencas/verificar/${licenca.chave}?impressao=${name}`)).body.codigo;
    const beat = async (machine: Answer['body']): Promise<Answer['body']> => {
      const headers = { authorization: `Bearer ${machine.token}` };
      return (await own.call('POST', '/maquinas/heartbeat', { cpu: 1, memoria: 2, disco: 3 }, headers)).body.maquina;
    };
    expect([await codeOf('f1'), await codeOf('f2')]).toEqual(['VALIDA', 'MAQUINA_NAO_ATIVADA']);
    expect(await beat(second)).toMatchObject({ bloqueada: true, codigo: 'MAQUINA_NAO_ATIVADA' });
    // The first falls silent; the second asks on until the seat is free.
    await eventually(
      () => beat(second),
      ({ codigo }) => codigo === 'VALIDA',
    );
    expect(await beat(first)).toMatchObject({ bloqueada: true, codigo: 'MAQUINA_NAO_ATIVADA' });
    expect([await codeOf('f1'), await codeOf('f2')]).toEqual(['MAQUINA_NAO_ATIVADA', 'VALIDA']);
    // Given back at once by deactivating.
    await own.call('POST', `/licencas/desativar/${licenca.chave}`, { impressao: 'f2' });
    expect((await beat(first)).codigo).toBe('VALIDA');
    await own.stop();
  }, 15_000);
});
