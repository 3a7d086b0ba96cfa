import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import {
  type Answer,
  activate,
  connectMachine,
  createLicenca,
  eventually,
  startServer,
  type TestServer,
  unique,
} from '../support/app';
import { type Receiver, startReceiver } from '../support/receiver';
import { partsOf, startSmtp, type TestSmtp } from '../support/smtp';

let server: TestServer;
let smtp: TestSmtp;
let receiver: Receiver;
beforeAll(async () => {
  smtp = await startSmtp();
  receiver = startReceiver();
  server = await startServer({
    NARCIDI_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    NARCIDI_MAIL_TO: 'equipe@exemplo.com.br',
    NARCIDI_MAIL_FROM: 'narcidi@exemplo.com.br',
    NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on',
    NARCIDI_HEARTBEAT_INTERVAL: '1',
  });
  await server.call('POST', '/webhooks', { url: receiver.url, eventos: ['alerta.*'] });
});
afterAll(async () => {
  await server.stop();
  await smtp.stop();
  receiver.stop();
});

const alertas = async (query: string): Promise<Answer['body'][]> =>
  (await server.call('GET', `/alertas${query}`)).body.itens;

/** Asks for up to half a minute: an offline machine takes some seconds to be missed. */
async function waitFor<T>(ask: () => Promise<T>, test: (value: T) => boolean): Promise<T> {
  for (let n = 0; ; n += 1) {
    try {
      return await eventually(ask, test);
    } catch (error) {
      if (n === 5) throw error;
    }
  }
}

const mailsAbout = (text: string) =>
  smtp.mails.filter(({ source }) => partsOf(source).text.includes(text) || partsOf(source).subject.includes(text));
const webhooksAbout = (tipo: string, id: string) =>
  receiver.received.filter(({ body }) => body.tipo === tipo && body.dados.entidade_id === id);

describe('the built-in rules', () => {
  test('are there and on, can be changed and switched off, not removed', async () => {
    const { itens } = (await server.call('GET', '/alertas/regras/')).body;
    expect(itens.map(({ evento }: { evento: string }) => evento)).toEqual([
      'cliente.criado',
      'licenca.expirada',
      'maquina.offline',
      'seguranca.suspeita',
      'fatura.pendente',
      'webhook.desativado',
      'backup.falhou',
      'sistema.erro',
      null,
    ]);
    expect(itens.at(-1)).toMatchObject({ metrica: 'sistema.disco_livre_mb', condicao: 'menor', limite: 512 });
    expect(itens.every(({ ativa, embutida }: { ativa: boolean; embutida: boolean }) => ativa && embutida)).toBe(true);
    expect((await server.call('DELETE', `/alertas/regras/${itens[0].id}`)).status).toBe(409);
    const changed = await server.call('PUT', `/alertas/regras/${itens[0].id}`, { canais: ['ui'] });
    expect(changed.body).toMatchObject({ canais: ['ui'], evento: 'cliente.criado' });
  });
});

describe('a machine pulled off the network', () => {
  test('raises one alert, one mail, one webhook, and closes itself on return', async () => {
    const { licenca, clienteId } = await createLicenca(server);
    const nome = unique('CAIXA');
    const { body } = await activate(server, licenca.chave, nome);
    const id = body.maquina.id;
    const beat = JSON.stringify({ cpu: 1, memoria: 1, disco: 1 });
    const first = await connectMachine(body);
    await first.publishAsync(body.mqtt.topicos.heartbeat, beat, { qos: 1 });
    first.stream.destroy();
    await first.endAsync(true);
    const [alerta] = await waitFor(
      () => alertas(`?entidade_id=${id}`),
      (itens) => itens.length === 1,
    );
    expect(alerta).toMatchObject({
      regra: 'Máquina offline',
      severidade: 'aviso',
      titulo: `Máquina offline: ${nome}`,
      entidade: 'maquina',
      entidade_id: id,
      cliente_id: clienteId,
      status: 'aberto',
      resolvido_em: null,
    });
    await waitFor(
      async () => [mailsAbout(nome).length, webhooksAbout('alerta.aberto', id).length],
      ([mails, hooks]) => (mails ?? 0) >= 1 && (hooks ?? 0) >= 1,
    );
    const painel = await server.call('GET', `/maquinas/${id}/dashboard`);
    expect(painel.body.alertas).toMatchObject([{ id: alerta.id, titulo: `Máquina offline: ${nome}` }]);
    const again = await connectMachine(body);
    await again.publishAsync(body.mqtt.topicos.heartbeat, beat, { qos: 1 });
    const [closed] = await waitFor(
      () => alertas(`?entidade_id=${id}`),
      ([one]) => one?.status === 'resolvido',
    );
    expect(closed.resolvido_em).toBeString();
    await again.endAsync();
    await waitFor(
      async () => webhooksAbout('alerta.resolvido', id).length,
      (count) => count === 1,
    );
    expect(mailsAbout(nome)).toHaveLength(1);
    expect(partsOf(mailsAbout(nome)[0]?.source ?? '').subject).toBe(`[aviso] Máquina offline: ${nome}`);
    expect(webhooksAbout('alerta.aberto', id)).toHaveLength(1);
  }, 60_000);

  test('40 of one customer are one alert, one mail, one webhook', async () => {
    const { licenca, clienteId } = await createLicenca(server, { limite_maquinas: 40 });
    const machines: Answer['body'][] = [];
    for (let n = 0; n < 40; n += 1) machines.push((await activate(server, licenca.chave, unique('PDV'))).body);
    const beat = (token: string) =>
      server.call(
        'POST',
        '/maquinas/heartbeat',
        { cpu: 1, memoria: 1, disco: 1 },
        { authorization: `Bearer ${token}` },
      );
    await Promise.all(machines.map(({ token }) => beat(token)));
    const [alerta] = await waitFor(
      () => alertas(`?entidade_id=${clienteId}&regra_id=00000000-0000-7000-8000-0000000000a3`),
      ([one]) => one?.titulo === '40 máquinas offline',
    );
    expect(alerta).toMatchObject({ entidade: 'cliente', ocorrencias: 40, status: 'aberto' });
    expect((await server.call('GET', `/alertas/${alerta.id}`)).body.membros).toHaveLength(20);
    await waitFor(
      async () => mailsAbout('máquinas offline').length,
      (count) => count === 1,
    );
    expect((await alertas(`?status=aberto&entidade_id=${machines[7]?.maquina.id}`)).map(({ id }) => id)).toEqual([
      alerta.id,
    ]);
    expect((await server.call('POST', `/alertas/${alerta.id}/reconhecer`)).body.status).toBe('reconhecido');
    await Promise.all(machines.map(({ token }) => beat(token)));
    await waitFor(
      () => alertas(`?entidade_id=${clienteId}&status=resolvido`),
      (itens) => itens.length === 1,
    );
    expect(mailsAbout('máquinas offline')).toHaveLength(1);
    expect(
      receiver.received.filter(({ body }) => body.tipo === 'alerta.aberto' && body.dados.alerta_id === alerta.id),
    ).toHaveLength(1);
    expect((await server.call('POST', `/alertas/${alerta.id}/reconhecer`)).body.codigo).toBe('TRANSICAO_INVALIDA');
  }, 90_000);
});

describe("rules of one's own", () => {
  test('many alerts at once are one mail', async () => {
    const nome = unique('novos');
    const fields = { nome, evento: 'cliente.criado', canais: ['email'] };
    const regra = (await server.call('POST', '/alertas/regras', fields)).body;
    const create = () => server.call('POST', '/clientes', { nome: 'N', email: `${unique('n')}@exemplo.com.br` });
    await Promise.all(Array.from({ length: 60 }, create));
    await waitFor(
      () => alertas(`?regra_id=${regra.id}&limite=200`),
      (itens) => itens.length === 60,
    );
    const titled = () => smtp.mails.filter(({ source }) => partsOf(source).text.includes(nome));
    await waitFor(
      async () => titled().length,
      (count) => count === 1,
    );
    expect(partsOf(titled()[0]?.source ?? '').subject).toBe('[aviso] 60 clientes novos');
    await server.call('DELETE', `/alertas/regras/${regra.id}`);
    expect(await alertas(`?regra_id=${regra.id}&status=aberto`)).toEqual([]);
  }, 60_000);

  test('a metric opens after its time, stays between the two limits, closes behind the second', async () => {
    const regra = await server.call('POST', '/alertas/regras', {
      nome: unique('disco'),
      metrica: 'disco',
      condicao: 'maior',
      limite: 90,
      limite_retorno: 80,
      por_minutos: 5,
      severidade: 'critico',
      canais: ['ui'],
    });
    expect(regra.status).toBe(201);
    const { licenca } = await createLicenca(server);
    const { body } = await activate(server, licenca.chave);
    const start = Date.now() - 3_600_000;
    const beat = (minute: number, disco: number) =>
      server.call(
        'POST',
        '/maquinas/heartbeat',
        { cpu: 1, memoria: 1, disco, em: new Date(start + minute * 60_000).toISOString() },
        { authorization: `Bearer ${body.token}` },
      );
    const found = () => alertas(`?regra_id=${regra.body.id}`);
    // A second rule without a time tells when a value has been looked at.
    const marker = { nome: unique('marca'), metrica: 'disco', condicao: 'maior', limite: 90, canais: ['ui'] };
    const marca = (await server.call('POST', '/alertas/regras', marker)).body.id;
    const marked = (status: string) =>
      eventually(
        () => alertas(`?regra_id=${marca}&status=${status}`),
        (itens) => itens.length > 0,
      );
    for (const [minute, disco] of [
      [0, 95],
      [2, 95],
      [3, 50],
      [4, 95],
      [8, 99],
    ] as const)
      await beat(minute, disco);
    await marked('aberto');
    expect(await found()).toEqual([]);
    await beat(9, 91);
    const [alerta] = await eventually(found, (itens) => itens.length === 1);
    expect(alerta).toMatchObject({ severidade: 'critico', entidade: 'maquina', entidade_id: body.maquina.id });
    await beat(10, 85);
    await marked('resolvido');
    expect((await found())[0].status).toBe('aberto');
    await beat(11, 80);
    await eventually(found, ([one]) => one?.status === 'resolvido');
    await server.call('DELETE', `/alertas/regras/${regra.body.id}`);
    expect((await server.call('GET', `/alertas/regras/${regra.body.id}`)).status).toBe(404);
  }, 20_000);

  test('so many events within a time; what its rule no longer watches closes', async () => {
    const regra = await server.call('POST', '/alertas/regras', {
      nome: unique('bloqueios'),
      evento: 'cliente.bloqueado',
      limite: 3,
      por_minutos: 10,
    });
    const cliente = await server.call('POST', '/clientes', { nome: 'C', email: `${unique('a')}@exemplo.com.br` });
    const found = () => alertas(`?regra_id=${regra.body.id}`);
    for (let n = 1; n <= 3; n += 1) {
      await server.call('POST', `/clientes/${cliente.body.id}/bloquear`, { motivo: `${n}` });
      if (n < 3) await server.call('POST', `/clientes/${cliente.body.id}/ativar`);
    }
    const [alerta] = await eventually(found, (itens) => itens.length === 1);
    expect(alerta).toMatchObject({ status: 'aberto', entidade: 'cliente', entidade_id: cliente.body.id });
    await server.call('PUT', `/alertas/regras/${regra.body.id}`, { ativa: false });
    expect((await found()).every(({ status }) => status === 'resolvido')).toBe(true);
  });

  test.each([
    [{ evento: 'nada.disso' }, 'evento'],
    [{ evento: 'alerta.aberto' }, 'evento'],
    [{}, 'evento'],
    [{ metrica: 'cpu' }, 'condicao'],
    [{ metrica: 'cpu', condicao: 'maior', limite: '90' }, 'limite'],
    [{ evento: 'maquina.offline', canais: ['pombo'] }, 'canais.0'],
    [{ evento: 'maquina.offline', por_minutos: -1 }, 'por_minutos'],
  ])('with %j is refused', async (fields, campo) => {
    const answer = await server.call('POST', '/alertas/regras', { nome: unique('r'), ...fields });
    expect(answer.status).toBe(422);
    expect(answer.body.erros.map((erro: { campo: string }) => erro.campo)).toContain(campo);
  });
});
