import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { Webhook } from 'standardwebhooks';
import { eventually, startServer, type TestServer, unique } from '../support/app';
import { type Received, type Receiver, startReceiver } from '../support/receiver';

let server: TestServer;
let receivers: Receiver[] = [];
beforeAll(async () => {
  server = await startServer({ NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on', NARCIDI_WEBHOOK_BACKOFF: '1,1,1' });
});
afterEach(() => {
  for (const receiver of receivers) receiver.stop();
  receivers = [];
});
afterAll(() => server.stop());

function receiverOf(answer?: Parameters<typeof startReceiver>[0]): Receiver {
  const receiver = startReceiver(answer);
  receivers.push(receiver);
  return receiver;
}

async function createWebhook(fields: object) {
  const created = await server.call('POST', '/webhooks/', fields);
  expect({ status: created.status, body: created.status === 201 ? '' : created.body }).toEqual({
    status: 201,
    body: '',
  });
  return created.body;
}

const createCliente = async (nome = 'Padaria') =>
  (await server.call('POST', '/clientes', { nome, email: `${unique('w')}@exemplo.com.br` })).body;

const ofCliente = (received: Received[], id: string) => received.filter(({ body }) => body.dados?.cliente_id === id);
const entregasOf = async (id: string, query = '') =>
  (await server.call('GET', `/webhooks/${id}/entregas${query}`)).body.itens;

describe('a webhook', () => {
  test('tells its secret once, and gets signed events that the Standard Webhooks library accepts, altered ones not', async () => {
    const receiver = receiverOf();
    const webhook = await createWebhook({
      url: receiver.url,
      eventos: ['cliente.criado'],
      cabecalhos: { 'x-origem': 'narcidi', authorization: 'Bearer meu-segredo' },
    });
    expect(webhook.segredo).toMatch(/^whsec_/);
    const shown = (await server.call('GET', `/webhooks/${webhook.id}`)).body;
    expect(shown.segredo).toBeUndefined();
    expect(shown.cabecalhos).toEqual({ 'x-origem': 'narcidi', authorization: '********' });
    const cliente = await createCliente();
    await receiver.until((all) => ofCliente(all, cliente.id).length === 1);
    const [one] = ofCliente(receiver.received, cliente.id);
    if (!one) throw new Error('nothing came');
    expect(one.headers).toMatchObject({ 'x-origem': 'narcidi', authorization: 'Bearer meu-segredo' });
    expect(one.headers['content-type']).toBe('application/json');
    const verifier = new Webhook(webhook.segredo);
    expect(verifier.verify(one.text, one.headers)).toMatchObject({
      id: one.headers['webhook-id'],
      tipo: 'cliente.criado',
      dados: { cliente_id: cliente.id, nome: 'Padaria' },
    });
    expect(() => verifier.verify(one.text.replace('Padaria', 'Padoria'), one.headers)).toThrow();
    expect(() => new Webhook('whsec_AAAA').verify(one.text, one.headers)).toThrow();
    const [entrega] = await eventually(
      () => entregasOf(webhook.id),
      ([first]) => first?.status === 'entregue',
    );
    expect(entrega).toMatchObject({ tentativas: 1, tipo: 'cliente.criado', resposta: { status: 200, corpo: 'ok' } });
    expect(entrega.requisicao.cabecalhos).toMatchObject({
      authorization: '********',
      'webhook-signature': '********',
      'x-origem': 'narcidi',
    });
    expect(JSON.stringify(entrega)).not.toContain('meu-segredo');
  });

  test('hears only of the events and customers it asked for', async () => {
    const receiver = receiverOf();
    const [mine, other] = [await createCliente('Meu'), await createCliente('Outro')];
    await createWebhook({ url: receiver.url, eventos: ['cliente.bloqueado', 'licenca.*'], cliente_ids: [mine.id] });
    for (const { id } of [other, mine]) await server.call('POST', `/clientes/${id}/bloquear`, { motivo: 'teste' });
    await server.call('POST', `/clientes/${mine.id}/ativar`);
    await server.call('POST', '/licencas', { cliente_id: mine.id, tipo: 'perpetua' });
    await receiver.until((all) => all.length >= 2);
    expect(receiver.received.map(({ body }) => body.tipo)).toEqual(['cliente.bloqueado', 'licenca.criada']);
  });

  test.each([
    [{ eventos: ['nada.*'] }, 'eventos'],
    [{ eventos: ['licenca'] }, 'eventos'],
    [{ eventos: ['lic*'] }, 'eventos'],
    [{ eventos: [] }, 'eventos'],
    [{ eventos: ['*', '<script>'] }, 'eventos'],
    [{ url: 'ftp://exemplo.com.br/' }, 'url'],
    [{ url: 'nada' }, 'url'],
    [{ cabecalhos: { host: 'x' } }, 'cabecalhos'],
    [{ cabecalhos: { 'webhook-id': 'x' } }, 'cabecalhos'],
    [{ cabecalhos: { 'a b': 'x' } }, 'cabecalhos'],
    [{ cabecalhos: { a: 'x\r\ny: z' } }, 'cabecalhos.a'],
    [{ modelo: '{% for i in (1..3) %}' }, 'modelo'],
    [{ modelo: '{{ id | nenhum_filtro }}' }, 'modelo'],
    [{ ativo: 'sim' }, 'ativo'],
  ])('refuses %j', async (fields, campo) => {
    const answer = await server.call('POST', '/webhooks', { url: 'http://127.0.0.1:9/', eventos: ['*'], ...fields });
    expect(answer.status).toBe(422);
    expect(answer.body.erros.map((erro: { campo: string }) => erro.campo)).toContain(campo);
  });

  test('its template chooses and renames fields and adds constants; one that fails or loops goes to the dead, others go on', async () => {
    const receiver = receiverOf();
    const eventos = ['cliente.criado'];
    const modelo = '{"evento":{{ tipo | json }},"cliente":{{ dados.nome | json }},"origem":"narcidi"}';
    await createWebhook({ url: receiver.url, eventos, modelo });
    const looping =
      '{% for a in (1..2000) %}{% for b in (1..2000) %}{% for c in (1..2000) %}{% endfor %}{% endfor %}{% endfor %}';
    const broken = await createWebhook({ url: receiver.url, eventos, modelo: looping });
    const noJson = await createWebhook({ url: receiver.url, eventos, modelo: 'olá {{ dados.nome }}' });
    await createCliente('Zé "Aspas"');
    const [one] = await receiver.until((all) => all.some(({ body }) => body.origem === 'narcidi'));
    expect(one?.body).toEqual({ evento: 'cliente.criado', cliente: 'Zé "Aspas"', origem: 'narcidi' });
    for (const [{ id }, reason] of [
      [broken, 'render limit'],
      [noJson, 'JSON'],
    ] as const) {
      const [dead] = await eventually(
        () => entregasOf(id, '?status=morta'),
        (itens) => itens.length === 1,
      );
      expect(dead.erro).toContain(reason);
      await server.call('DELETE', `/webhooks/${id}`);
    }
    expect(receiver.received).toHaveLength(1);
  });

  test('redirects are not followed and 5xx is tried again; meanwhile later events of the entity wait', async () => {
    const cliente = await createCliente();
    let answers = 0;
    const receiver = receiverOf(() => {
      answers += 1;
      if (answers === 1) return Response.redirect('http://127.0.0.1:1/', 302);
      return new Response(null, { status: answers === 2 ? 500 : 204 });
    });
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.*'], cliente_ids: [cliente.id] });
    await server.call('POST', `/clientes/${cliente.id}/bloquear`, { motivo: 'a' });
    await server.call('POST', `/clientes/${cliente.id}/ativar`);
    await receiver.until((all) => all.length >= 4);
    expect(receiver.received.map(({ body }) => body.tipo)).toEqual([
      'cliente.bloqueado',
      'cliente.bloqueado',
      'cliente.bloqueado',
      'cliente.ativado',
    ]);
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    const [first, second] = (
      await eventually(
        () => entregasOf(webhook.id, '?ordem=criada_em'),
        (itens) => itens.every(({ status }: { status: string }) => status === 'entregue'),
      )
    ).map(({ tentativas }: { tentativas: number }) => tentativas);
    expect([first, second]).toEqual([3, 1]);
  });

  test('410 disables it, and an alert-worthy event tells of it', async () => {
    const receiver = receiverOf(() => new Response(null, { status: 410 }));
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.criado'] });
    await createCliente();
    const gone = await eventually(
      async () => (await server.call('GET', `/webhooks/${webhook.id}`)).body,
      ({ ativo }) => ativo === false,
    );
    expect(gone.motivo_desativacao).toContain('410');
    await createCliente();
    expect(receiver.received).toHaveLength(1);
    const events = await server.call('GET', '/eventos?tipo=webhook.desativado');
    expect(events.body.itens[0]).toMatchObject({ entidade_id: webhook.id, dados: { webhook_id: webhook.id } });
    expect((await server.call('POST', `/webhooks/${webhook.id}/reenviar`, periodo())).status).toBe(409);
  });

  test('Retry-After is obeyed', async () => {
    const receiver = receiverOf((_one, count) =>
      count === 1 ? new Response(null, { status: 503, headers: { 'retry-after': '3600' } }) : new Response(),
    );
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.criado'] });
    await createCliente();
    const [waiting] = await eventually(
      () => entregasOf(webhook.id),
      ([first]) => first?.tentativas === 1,
    );
    expect(Date.parse(waiting.proxima_em) - Date.parse(waiting.tentada_em)).toBeGreaterThanOrEqual(3_600_000);
    await server.call('DELETE', `/webhooks/${webhook.id}`);
  });

  test('after the list it is dead; by hand it is delivered again under the same id', async () => {
    let down = true;
    const receiver = receiverOf(() => new Response(null, { status: down ? 500 : 200 }));
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.criado'] });
    const cliente = await createCliente();
    await receiver.until((all) => ofCliente(all, cliente.id).length === 4);
    const [dead] = await eventually(
      () => entregasOf(webhook.id, '?status=morta'),
      (itens) => itens.length === 1,
    );
    expect(dead).toMatchObject({ tentativas: 4, proxima_em: null, erro: 'o destino respondeu 500' });
    down = false;
    expect((await server.call('POST', `/webhooks/entregas/${dead.id}/reenviar`)).body).toMatchObject({
      status: 'pendente',
    });
    await receiver.until((all) => all.length === 5);
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    await eventually(
      () => entregasOf(webhook.id, '?status=entregue'),
      (itens) => itens.length === 1,
    );
    expect((await server.call('POST', `/webhooks/entregas/${webhook.id}/reenviar`)).status).toBe(404);
  });

  test('a range is replayed, also the events from before the webhook was there', async () => {
    const de = new Date().toISOString();
    const cliente = await createCliente();
    await server.call('POST', `/clientes/${cliente.id}/bloquear`, { motivo: 'antes' });
    const receiver = receiverOf();
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.*'], cliente_ids: [cliente.id] });
    const replayed = await server.call('POST', `/webhooks/${webhook.id}/reenviar`, { ...periodo(), de });
    expect(replayed.body).toEqual({ reenviadas: 2, continuar_de: null });
    await receiver.until((all) => all.length === 2);
    expect(receiver.received.map(({ body }) => body.tipo)).toEqual(['cliente.criado', 'cliente.bloqueado']);
  });

  test('a new secret signs beside the old one for a while', async () => {
    const receiver = receiverOf();
    const webhook = await createWebhook({ url: receiver.url, eventos: ['cliente.criado'] });
    const rotated = (await server.call('POST', `/webhooks/${webhook.id}/segredo`, { validade_horas: 2 })).body;
    expect(rotated.segredo).not.toBe(webhook.segredo);
    expect((await server.call('POST', `/webhooks/${webhook.id}/testar`)).body).toMatchObject({
      status: 'entregue',
      tipo: 'webhook.teste',
      resposta: { status: 200, corpo: 'ok' },
    });
    const [one] = receiver.received;
    if (!one) throw new Error('nothing came');
    for (const secret of [webhook.segredo, rotated.segredo]) new Webhook(secret).verify(one.text, one.headers);
    await server.call('POST', `/webhooks/${webhook.id}/segredo`, { validade_horas: 0 });
    await server.call('POST', `/webhooks/${webhook.id}/testar`);
    const last = receiver.received.at(-1);
    expect(() => new Webhook(rotated.segredo).verify(last?.text ?? '', last?.headers ?? {})).toThrow();
  });

  test('an answer of 500 MB is not read, and a receiver that does not answer delays no other', async () => {
    const released = Promise.withResolvers<void>();
    const chunk = new Uint8Array(1024 * 1024);
    let sent = 0;
    const flood = receiverOf(
      () =>
        new Response(
          new ReadableStream({
            pull: (controller) => {
              sent += 1;
              if (sent > 500) controller.close();
              else controller.enqueue(chunk);
            },
          }),
        ),
    );
    const slow = receiverOf(async () => {
      await released.promise;
      return new Response();
    });
    const quick = receiverOf();
    const hooks: { id: string }[] = [];
    for (const { url } of [slow, flood, quick]) hooks.push(await createWebhook({ url, eventos: ['cliente.criado'] }));
    for (let n = 0; n < 10; n += 1) await createCliente();
    await quick.until((all) => all.length === 10);
    expect(slow.received.length).toBeLessThan(10);
    released.resolve();
    await eventually(
      () => entregasOf(hooks[1]?.id ?? '', '?status=entregue'),
      (itens) => itens.length === 10,
    );
    expect(sent).toBeLessThan(250);
    const [entrega] = await entregasOf(hooks[1]?.id ?? '');
    expect(entrega.resposta.corpo.length).toBeLessThanOrEqual(4_096);
    for (const { id } of hooks) await server.call('DELETE', `/webhooks/${id}`);
  });
});

function periodo(): { de: string; ate: string } {
  return { de: new Date(Date.now() - 3_600_000).toISOString(), ate: new Date(Date.now() + 3_600_000).toISOString() };
}

describe('without NARCIDI_WEBHOOK_ALLOW_PRIVATE', () => {
  test('loopback, private and link-local targets are refused in any spelling', async () => {
    const strict = await startServer();
    const urls = ['http://127.0.0.1/', 'http://localhost:80/', 'http://2130706433/', 'http://0x7f.1/', 'http://[::1]/'];
    urls.push('http://10.0.0.1/', 'https://192.168.1.1/', 'http://169.254.169.254/', 'http://[::ffff:127.0.0.1]/');
    for (const url of urls) {
      const answer = await strict.call('POST', '/webhooks', { url, eventos: ['*'] });
      expect({ url, status: answer.status, codigo: answer.body.codigo }).toEqual({
        url,
        status: 422,
        codigo: 'DESTINO_RECUSADO',
      });
    }
    await strict.stop();
  });
});
