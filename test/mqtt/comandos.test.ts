import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { open } from 'lmdb';
import mqtt, { type MqttClient } from 'mqtt';
import {
  type Answer,
  activate,
  connectMachine,
  createLicenca,
  eventsOf,
  eventually,
  httpClient,
  nextMessage,
  startServer,
  type TestServer,
  unique,
} from '../support/app';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

async function newMachine() {
  const { licenca } = await createLicenca(server, { limite_maquinas: 5 });
  const { body } = await activate(server, licenca.chave);
  const id: string = body.maquina.id;
  return {
    activation: body,
    id,
    topicos: body.mqtt.topicos,
    send: async (fields: object): Promise<Answer['body']> => {
      const answer = await server.call('POST', `/maquinas/${id}/comandos`, fields);
      expect(answer.status).toBe(201);
      expect(answer.headers.get('location')).toBe(`/api/v1/maquinas/${id}/comandos/${answer.body.id}`);
      return answer.body;
    },
    command: async (comando: { id: string }): Promise<Answer['body']> =>
      (await server.call('GET', `/maquinas/${id}/comandos/${comando.id}`)).body,
  };
}

type Machine = Awaited<ReturnType<typeof newMachine>>;

/** Waits for a command to come as far as a status. */
const reaches = (machine: Machine, comando: { id: string }, status: string) =>
  eventually(
    () => machine.command(comando),
    (found) => found.status === status,
  );

/** Takes up the stored session, hearing what comes before the connection is announced. */
function resume({ activation, id, topicos }: Machine): { client: MqttClient; ids: string[] } {
  const { url, usuario: username, senha: password } = activation.mqtt;
  const client = mqtt.connect(url, { clientId: id, username, password, clean: false, reconnectPeriod: 0 });
  return { client, ids: received(client, topicos) };
}

/** Every command a client receives from now on, by id. */
function received(client: MqttClient, topicos: { comandos: string }): string[] {
  const ids: string[] = [];
  client.on('message', (topic, payload) => {
    if (topic === topicos.comandos) ids.push(JSON.parse(payload.toString()).id);
  });
  return ids;
}

describe('a command', () => {
  test('reaches a connected machine, is received, answered, and told of stage by stage', async () => {
    const machine = await newMachine();
    const client = await connectMachine(machine.activation);
    await client.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    const heard = nextMessage(client, machine.topicos.comandos);
    const sent = await machine.send({ tipo: 'mensagem', dados: { texto: 'Olá' } });
    expect(sent).toMatchObject({
      tipo: 'mensagem',
      dados: { texto: 'Olá' },
      status: 'na_fila',
      maquina_id: machine.id,
    });
    const { id, tipo, dados, expira_em, ...rest } = await heard;
    expect({ id, tipo, dados, expira_em }).toEqual({
      id: sent.id,
      tipo: 'mensagem',
      dados: { texto: 'Olá' },
      expira_em: sent.expira_em,
    });
    expect(Object.keys(rest)).toEqual([]);
    const got = await reaches(machine, sent, 'recebido');
    expect([got.enviado_em, got.recebido_em, got.concluido_em].map((em) => em !== null)).toEqual([true, true, false]);
    const answer = JSON.stringify({ comando_id: sent.id, resultado: 'aplicado', detalhe: 'mostrada' });
    await client.publishAsync(machine.topicos.respostas, answer, { qos: 1 });
    await client.publishAsync(machine.topicos.respostas, answer, { qos: 1 });
    const done = await machine.command(sent);
    expect(done).toMatchObject({ status: 'aplicado', detalhe: 'mostrada' });
    expect(done.concluido_em).not.toBeNull();
    // The last word is not taken back.
    const later = JSON.stringify({ comando_id: sent.id, resultado: 'erro', detalhe: 'tarde' });
    await client.publishAsync(machine.topicos.respostas, later, { qos: 1 });
    expect(await machine.command(sent)).toMatchObject({ status: 'aplicado', detalhe: 'mostrada' });
    expect(eventsOf(server, sent.id)).toEqual(['maquina.comando_criado', 'maquina.comando_respondido']);
    await client.endAsync();
  });

  test('waits for a machine without a session until it subscribes, and comes once', async () => {
    const machine = await newMachine();
    const sent = [await machine.send({ tipo: 'reiniciar' }), await machine.send({ tipo: 'coletar' })];
    expect((await machine.command(sent[0])).status).toBe('na_fila');
    const client = await connectMachine(machine.activation);
    const ids = received(client, machine.topicos);
    await client.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    await client.subscribeAsync(`narcidi/v1/maquinas/${machine.id}/#`, { qos: 1 });
    for (const comando of sent) await reaches(machine, comando, 'recebido');
    expect(ids).toEqual(sent.map(({ id }) => id));
    await client.endAsync();
  });

  test('waits in the session of a machine that is away, whether made before or after it left', async () => {
    const machine = await newMachine();
    const first = await connectMachine(machine.activation, { clean: false });
    await first.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    await first.endAsync();
    const sent = await Promise.all([1, 2, 3].map((n) => machine.send({ tipo: 'mensagem', dados: { texto: `${n}` } })));
    const { client: again, ids } = resume(machine);
    for (const comando of sent) await reaches(machine, comando, 'recebido');
    await again.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    const last = await machine.send({ tipo: 'reiniciar' });
    await reaches(machine, last, 'recebido');
    // At least once: the relay may still have been publishing as the machine came back.
    expect(new Set(ids)).toEqual(new Set([...sent, last].map(({ id }) => id)));
    await again.endAsync();
  });

  test('that a clean session lost before its receipt comes again', async () => {
    const machine = await newMachine();
    const client = await connectMachine(machine.activation);
    // The receipt is never sent: the handler of the message never says that it is done.
    client.handleMessage = () => undefined;
    await client.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    const sent = await machine.send({ tipo: 'reiniciar' });
    await reaches(machine, sent, 'enviado');
    client.stream.destroy();
    const again = await connectMachine(machine.activation);
    const heard = nextMessage(again, machine.topicos.comandos);
    await again.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    expect((await heard).id).toBe(sent.id);
    await again.endAsync();
  });

  test('past its time is not delivered, from the session of the machine neither', async () => {
    const machine = await newMachine();
    const first = await connectMachine(machine.activation, { clean: false });
    await first.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    await first.endAsync();
    const soon = new Date(Date.now() + 400).toISOString();
    const sent = await machine.send({ tipo: 'reiniciar', expira_em: soon });
    const lasting = await machine.send({ tipo: 'coletar' });
    expect(await reaches(machine, sent, 'expirado')).toMatchObject({ enviado_em: null });
    const expired = await server.call('GET', `/maquinas/${machine.id}/comandos?status=expirado`);
    expect(expired.body.itens.map(({ id }: { id: string }) => id)).toEqual([sent.id]);
    const { client: again, ids } = resume(machine);
    await reaches(machine, lasting, 'recebido');
    expect(ids).toEqual([lasting.id]);
    await again.endAsync();
  });

  test('that was cancelled is not delivered', async () => {
    const machine = await newMachine();
    const sent = await machine.send({ tipo: 'reiniciar' });
    const cancel = () => server.call('POST', `/maquinas/${machine.id}/comandos/${sent.id}/cancelar`);
    expect((await cancel()).body).toMatchObject({ status: 'expirado', detalhe: 'Cancelado antes de ser recebido.' });
    expect((await cancel()).status).toBe(200);
    const lasting = await machine.send({ tipo: 'coletar' });
    const client = await connectMachine(machine.activation);
    const ids = received(client, machine.topicos);
    await client.subscribeAsync(machine.topicos.comandos, { qos: 1 });
    await reaches(machine, lasting, 'recebido');
    expect(ids).toEqual([lasting.id]);
    const late = await server.call('POST', `/maquinas/${machine.id}/comandos/${lasting.id}/cancelar`);
    expect([late.status, late.body.codigo]).toEqual([409, 'TRANSICAO_INVALIDA']);
    await client.endAsync();
  });

  test('of another machine cannot be answered', async () => {
    const machine = await newMachine();
    const other = await newMachine();
    const sent = await machine.send({ tipo: 'reiniciar' });
    const client = await connectMachine(other.activation);
    const answer = JSON.stringify({ comando_id: sent.id, resultado: 'aplicado' });
    await client.publishAsync(other.topicos.respostas, answer, { qos: 1 });
    expect(client.connected).toBe(true);
    expect((await machine.command(sent)).status).toBe('na_fila');
    expect((await server.call('GET', `/maquinas/${other.id}/comandos/${sent.id}`)).status).toBe(404);
    await client.endAsync();
  });
});

describe('what is refused', () => {
  test('bad fields, with the field named', async () => {
    const { id } = await newMachine();
    for (const [body, campo] of [
      [{ tipo: 'formatar' }, 'tipo'],
      [{}, 'tipo'],
      [{ tipo: 'mensagem' }, 'dados'],
      [{ tipo: 'reiniciar', dados: [] }, 'dados'],
      [{ tipo: 'reiniciar', dados: 'já' }, 'dados'],
      [{ tipo: 'reiniciar', dados: { atraso_s: -1 } }, 'dados.atraso_s'],
      [{ tipo: 'atualizar', dados: { versao: 'nova' } }, 'dados.versao'],
      [{ tipo: 'coletar', dados: { itens: 'tudo' } }, 'dados.itens'],
      [{ tipo: 'mensagem', dados: { texto: 'x'.repeat(17_000) } }, 'dados'],
      [{ tipo: 'reiniciar', expira_em: '2020-01-01T00:00:00Z' }, 'expira_em'],
      [{ tipo: 'reiniciar', expira_em: '2099-01-01T00:00:00Z' }, 'expira_em'],
      [{ tipo: 'reiniciar', expira_em: 'amanhã' }, 'expira_em'],
    ] as const) {
      const answer = await server.call('POST', `/maquinas/${id}/comandos`, body);
      expect([body, answer.status, answer.body.erros?.[0]?.campo]).toEqual([body, 422, campo]);
    }
    const nobody = '0199d3a0-7c1b-7e55-8f5e-3c0d7a1b2c3d';
    expect((await server.call('POST', `/maquinas/${nobody}/comandos`, { tipo: 'reiniciar' })).status).toBe(404);
    expect((await server.call('GET', `/maquinas/${nobody}/comandos`)).status).toBe(404);
    expect((await httpClient(server.url, null)('GET', `/maquinas/${id}/comandos`)).status).toBe(401);
  });

  test('more than a hundred that wait; the list is in pages and the key makes a retry safe', async () => {
    const { id, send } = await newMachine();
    const key = { 'idempotency-key': unique('k') };
    const twice = [1, 2].map(() => server.call('POST', `/maquinas/${id}/comandos`, { tipo: 'reiniciar' }, key));
    const [first, second] = await Promise.all(twice);
    expect(second?.body.id).toBe(first?.body.id);
    for (let n = 1; n < 100; n += 1) await send({ tipo: 'reiniciar' });
    const full = await server.call('POST', `/maquinas/${id}/comandos`, { tipo: 'reiniciar' });
    expect([full.status, full.body.codigo]).toEqual([409, 'LIMITE_DE_COMANDOS']);
    const page = await server.call('GET', `/maquinas/${id}/comandos?limite=60&total=true`);
    expect([page.body.itens.length, page.body.total]).toEqual([60, 100]);
    const rest = await server.call('GET', `/maquinas/${id}/comandos?limite=60&cursor=${page.body.proximo_cursor}`);
    expect([rest.body.itens.length, rest.body.proximo_cursor]).toEqual([40, null]);
  });
});

describe('a desired state that the machine refuses', () => {
  test('is shown with its reason until the machine applies it or another takes its place', async () => {
    const machine = await newMachine();
    const client = await connectMachine(machine.activation);
    const ask = async () => (await server.call('GET', `/maquinas/${machine.id}`)).body;
    const answer = (fields: object) =>
      client.publishAsync(machine.topicos.respostas, JSON.stringify(fields), { qos: 1 });
    await server.call('POST', `/maquinas/${machine.id}/bloquear`, { motivo: 'teste' });
    await answer({ revisao: 2, resultado: 'recusado', detalhe: 'em uso' });
    expect(await ask()).toMatchObject({ bloqueio_detalhe: 'em uso', bloqueio_aplicado_em: null });
    expect((await ask()).bloqueio_recusado_em).not.toBeNull();
    await answer({ revisao: 2, resultado: 'aplicado' });
    await answer({ revisao: 2, resultado: 'erro', detalhe: 'tarde' });
    expect((await ask()).bloqueio_aplicado_em).not.toBeNull();
    expect((await ask()).bloqueio_detalhe).toBeNull();
    await server.call('POST', `/maquinas/${machine.id}/desbloquear`);
    await answer({ revisao: 2, resultado: 'erro', detalhe: 'de outra revisão' });
    expect(await ask()).toMatchObject({ bloqueio_recusado_em: null, bloqueio_detalhe: null, revisao: 3 });
    expect(eventsOf(server, machine.id).filter((tipo) => tipo.startsWith('maquina.bloqueio_'))).toEqual([
      'maquina.bloqueio_recusado',
      'maquina.bloqueio_aplicado',
    ]);
    await client.endAsync();
  });
});

describe('a machine that is removed', () => {
  test('is cut off, and its session, its queue and what was retained go with it', async () => {
    const machine = await newMachine();
    const base = `narcidi/v1/maquinas/${machine.id}`;
    const will = { topic: machine.topicos.conexao, payload: Buffer.from('{"conectada":false}'), qos: 1, retain: true };
    const client = await connectMachine(machine.activation, { clean: false, will: { ...will, qos: 1 as const } });
    await client.subscribeAsync(`${base}/#`, { qos: 1 });
    await client.publishAsync(machine.topicos.conexao, '{"conectada":true}', { qos: 1, retain: true });
    const closed = new Promise<void>((resolve) => client.once('close', () => resolve()));
    expect((await server.call('DELETE', `/maquinas/${machine.id}`)).status).toBe(204);
    await closed;
    expect((await server.call('GET', `/maquinas/${machine.id}/comandos`)).status).toBe(404);
    const left = () => {
      const root = open({ path: join(server.data, 'lmdb'), maxDbs: 64, readOnly: true });
      const names = ['mqtt-sessions', 'mqtt-subscriptions', 'mqtt-outgoing', 'mqtt-wills', 'mqtt-retained'];
      const found = names.filter((name) => {
        const db = root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' });
        return [...db.getRange({})].some(({ key, value }) => key.includes(machine.id) || value.includes(machine.id));
      });
      return { found, close: () => root.close() };
    };
    await eventually(
      async () => {
        const { found, close } = left();
        await close();
        return found;
      },
      (found) => found.length === 0,
    );
  });
});
