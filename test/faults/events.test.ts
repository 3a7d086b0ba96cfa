/** kill -9 while thousands of events are on their way to three receivers. */

import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { type Answer, adminClient } from '../support/app';
import { type Running, scratch, serve } from '../support/executable';
import { type Received, type Receiver, startReceiver } from '../support/receiver';

const customers = 200;
const perCustomer = 50;
const events = customers * perCustomer;
const killAt = events / 2;
const env = { NARCIDI_WEBHOOK_ALLOW_PRIVATE: 'on', NARCIDI_WEBHOOK_BACKOFF: '1,1,1,1,1,1,1,1' };

let folder: ReturnType<typeof scratch>;
let receivers: Receiver[];
let running: Running | null = null;
beforeAll(() => {
  folder = scratch();
  receivers = [0, 1, 2].map(() => startReceiver());
});
afterAll(async () => {
  await running?.signal('SIGKILL');
  for (const receiver of receivers) receiver.stop();
  folder.remove();
});

/** Blocks and activates each customer in turn, a lane a customer; stops when the server no longer answers. */
async function cause(
  call: Awaited<ReturnType<typeof adminClient>>,
  ids: readonly string[],
  acknowledged: Map<string, number>,
) {
  const lane = async (id: string): Promise<void> => {
    for (let n = acknowledged.get(id) ?? 0; n < perCustomer; n += 1) {
      const [path, body] = n % 2 === 0 ? ['bloquear', { motivo: String(n) }] : ['ativar', undefined];
      const answer = await call('POST', `/clientes/${id}/${path}`, body).catch(() => null);
      if (answer?.status !== 200) return;
      acknowledged.set(id, n + 1);
    }
  };
  const waiting = [...ids];
  const worker = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await lane(id);
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

describe(`kill -9 in the middle of ${events} events with three receivers`, () => {
  test('loses none that was acknowledged, repeats only under the same webhook-id, keeps the order of each entity', async () => {
    const data = join(folder.path, 'killed');
    let server: Running = await serve(data, env);
    let call = await adminClient(server.url);
    const secrets: string[] = [];
    for (const { url } of receivers) {
      const created = await call('POST', '/webhooks', { url, eventos: ['cliente.bloqueado', 'cliente.ativado'] });
      secrets.push(created.body.segredo);
    }
    const ids: string[] = [];
    for (let n = 0; n < customers; n += 1) {
      const cliente = await call('POST', '/clientes', { nome: `C${n}`, email: `c${n}@exemplo.com.br` });
      ids.push(cliente.body.id);
    }
    const acknowledged = new Map<string, number>();
    const total = (): number => [...acknowledged.values()].reduce((sum, n) => sum + n, 0);
    const working = cause(call, ids, acknowledged);
    while (total() < killAt) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.signal('SIGKILL');
    await working;
    const before = receivers.map(({ received }) => received.length);

    server = await serve(data, env);
    running = server;
    call = await adminClient(server.url);
    // What was committed and not answered has happened too: each customer goes on from where it is.
    for (const id of ids) {
      const { body } = await call('GET', `/clientes/${id}`);
      const n = acknowledged.get(id) ?? 0;
      const happened = (body.status === 'bloqueado') === (n % 2 === 1) ? n : n + 1;
      acknowledged.set(id, happened);
    }
    await cause(call, ids, acknowledged);
    expect(total()).toBe(events);
    for (const [index, receiver] of receivers.entries()) {
      await receiver.until((all) => new Set(all.map(({ headers }) => headers['webhook-id'])).size >= events, 90_000);
      check(receiver.received, secrets[index] ?? '');
      expect(before[index]).toBeGreaterThan(0);
    }
    expect(await server.signal('SIGTERM')).toBe(0);
  }, 300_000);
});

function check(received: readonly Received[], secret: string): void {
  const firsts = new Map<string, Received>();
  const verifier = new Webhook(secret);
  for (const one of received) {
    const id = one.headers['webhook-id'] ?? '';
    const first = firsts.get(id);
    // A repetition is the same event, word for word.
    if (first) expect(one.text).toBe(first.text);
    else firsts.set(id, one);
  }
  expect(firsts.size).toBe(events);
  for (const one of [...firsts.values()].slice(0, 200)) verifier.verify(one.text, one.headers);
  const byCustomer = Map.groupBy(firsts.values(), ({ body }) => String(body.dados.cliente_id));
  expect(byCustomer.size).toBe(customers);
  for (const ofOne of byCustomer.values()) {
    const story = ofOne.map(({ body }: { body: Answer['body'] }) => body.tipo);
    expect(story).toEqual(story.map((_, n) => (n % 2 === 0 ? 'cliente.bloqueado' : 'cliente.ativado')));
    const reasons = ofOne
      .filter(({ body }) => body.tipo === 'cliente.bloqueado')
      .map(({ body }) => Number(body.dados.motivo_bloqueio));
    expect(reasons).toEqual(reasons.map((_, n) => n * 2));
  }
}
