import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { dayMs, hourMs, secondMs } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import { createEnvio } from '../../src/modules/webhooks/envio.service';
import { createTentar } from '../../src/modules/webhooks/tentativa.service';
import { afterAttempt, retryAfterMs } from '../../src/modules/webhooks/webhooks.model';
import { createWebhooks } from '../../src/modules/webhooks/webhooks.service';
import { createWebhooksStore } from '../../src/modules/webhooks/webhooks.store';
import { createOutbound } from '../../src/relay/outbound';
import { createRelay } from '../../src/relay/relay';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores, type Stores } from '../../src/stores';
import { eventually } from '../support/app';
import { type Receiver, startReceiver } from '../support/receiver';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';

const backoff = [5, 30, 120, 600, 3_600, 21_600, 86_400];

describe('after an attempt', () => {
  test('2xx is success and only that; the list is kept to with at most a tenth more; Retry-After is a minimum', () => {
    const attempts = fc.record({
      tentativas: fc.nat(8),
      status: fc.option(fc.integer({ min: 100, max: 599 }), { nil: null }),
      esperarMs: fc.option(fc.nat(2 * dayMs), { nil: null }),
      random: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(attempts, ({ tentativas, status, esperarMs, random }) => {
        const next = afterAttempt(tentativas, { status, esperarMs, definitiva: false }, backoff, random, 1_000);
        expect(next.tentativas).toBe(tentativas + 1);
        if (status !== null && status >= 200 && status < 300) return next.status === 'entregue';
        const listed = backoff[tentativas];
        if (status === 410 || listed === undefined) return next.status === 'morta' && next.proxima_em === null;
        const wait = (next.proxima_em ?? 0) - 1_000;
        const asked = Math.min(esperarMs ?? 0, dayMs);
        return wait >= Math.max(listed * secondMs, asked) && wait <= Math.max(listed * 1_100, asked);
      }),
    );
  });

  test.each([
    ['120', 120_000],
    ['Wed, 25 Nov 2026 12:00:30 GMT', 30_000],
    ['Wed, 25 Nov 2026 11:00:00 GMT', 0],
    ['soon', null],
    [undefined, null],
  ])('Retry-After %p is %p ms', (header, expected) => {
    expect(retryAfterMs(header, Date.parse('2026-11-25T12:00:00Z'))).toBe(expected);
  });
});

describe('a receiver that is down', () => {
  let stores: Stores;
  let path: string;
  let now = Date.parse('2026-11-25T12:00:00Z');
  let receiver: Receiver;
  let answer: () => Response;
  const clock = { now: () => now };
  let parts: ReturnType<typeof compose>;

  function compose() {
    const { work, keyring } = stores;
    const store = createWebhooksStore(keyring);
    const fail = (error: unknown): void => {
      throw error;
    };
    const outbound = createOutbound({ allowPrivate: true });
    const tentar = createTentar({ outbound, clock, wallClock: { now: () => Date.now() }, userAgent: 'teste' });
    const random = () => 0.5;
    const envio = createEnvio({
      work,
      clock,
      ids: uuidV7,
      store,
      tentar,
      pressao: { share: () => 1 },
      backoffSeconds: backoff,
      random,
      onError: fail,
    });
    const relay = createRelay({ work, clock, ids: uuidV7, onError: fail });
    relay.register(envio.projection);
    const webhooks = createWebhooks({
      work,
      ids: uuidV7,
      store,
      checkUrl: (url) => outbound.check(url),
      watcher: envio,
      onError: fail,
    });
    return { envio, relay, webhooks };
  }

  beforeAll(async () => {
    path = scratchFolder();
    stores = await openStores(prepareDataFolder(path), clock);
    receiver = startReceiver(() => answer());
    parts = compose();
    await parts.envio.start();
    parts.relay.start();
  });
  afterAll(async () => {
    receiver.stop();
    await parts.relay.stop();
    await parts.envio.stop();
    await stores.close();
    rmSync(path, { recursive: true, force: true });
  });
  beforeEach(() => {
    receiver.received.length = 0;
  });

  const create = (url: string) =>
    parts.webhooks.criar(actor, {
      url,
      eventos: ['sistema.erro'],
      cliente_ids: [],
      cabecalhos: {},
      modelo: null,
      ativo: true,
    });
  const happen = (entidadeId: string): Promise<void> =>
    stores.work.write(actor, (tx) =>
      tx.record({
        acao: 'x',
        entidade: 'teste',
        entidadeId,
        antes: null,
        depois: null,
        eventos: [{ tipo: 'sistema.erro', entidade: 'teste', entidadeId, dados: {} }],
      }),
    );
  const rows = (webhookId: string) =>
    stores.work.reader
      .selectFrom('webhook_entregas')
      .selectAll()
      .where('webhook_id', '=', webhookId)
      .orderBy('seq')
      .execute();

  test('is tried by the whole back-off table, then its delivery is dead and the next of the entity goes', async () => {
    answer = () => new Response(null, { status: 500 });
    const webhook = await create(receiver.url);
    await happen('e');
    await happen('e');
    const waits: number[] = [];
    for (let attempt = 1; attempt <= backoff.length; attempt += 1) {
      const [first] = await eventually(
        () => rows(webhook.id),
        ([row]) => row?.tentativas === attempt,
      );
      waits.push(Math.round(((first?.proxima_em ?? 0) - now) / secondMs));
      now = first?.proxima_em ?? now;
    }
    expect(waits).toEqual(backoff.map((seconds) => Math.round(seconds * 1.05)));
    const [dead, next] = await eventually(
      () => rows(webhook.id),
      ([row, second]) => row?.status === 'morta' && (second?.tentativas ?? 0) === 1,
    );
    expect(dead).toMatchObject({ tentativas: 8, proxima_em: null, erro: 'o destino respondeu 500' });
    expect(next?.status).toBe('pendente');
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(2);
    await parts.webhooks.excluir(actor, webhook.id);
  });

  test('refused connections, resets and names that do not resolve are tried again like any 5xx', async () => {
    const resetting = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { open: (socket) => void socket.terminate(), data: () => undefined },
    });
    const gone = Bun.serve({ port: 0, fetch: () => new Response() });
    const urls = [
      `http://127.0.0.1:${gone.port}/`,
      `http://127.0.0.1:${resetting.port}/`,
      'http://nao-existe.invalid/',
    ];
    await gone.stop(true);
    for (const url of urls) {
      const webhook = await create(url);
      await happen(url);
      const [row] = await eventually(
        () => rows(webhook.id),
        ([first]) => first?.tentativas === 1,
      );
      expect(row).toMatchObject({ status: 'pendente', resposta_status: null, proxima_em: now + 5_250 });
      expect(row?.erro).toBeString();
      await parts.webhooks.excluir(actor, webhook.id);
    }
    resetting.stop(true);
  });

  test('down for a day, it gets everything once it is back, in order', async () => {
    answer = () => new Response(null, { status: 503 });
    const webhook = await create(receiver.url);
    for (let n = 0; n < 20; n += 1) await happen(`e${n % 4}`);
    await eventually(
      () => rows(webhook.id),
      (all) => all.filter(({ tentativas }) => tentativas > 0).length === 4,
    );
    now += dayMs;
    const down = await stores.work.reader
      .selectFrom('webhooks')
      .select('falhando_desde')
      .where('id', '=', webhook.id)
      .executeTakeFirstOrThrow();
    expect(down.falhando_desde).toBe(now - dayMs);
    receiver.received.length = 0;
    answer = () => new Response();
    await eventually(
      () => rows(webhook.id),
      (all) => all.every(({ status }) => status === 'entregue'),
    );
    const seqOf = new Map(
      (await rows(webhook.id)).map(({ evento_id, seq, entidade_id }) => [evento_id, { seq, entidade_id }]),
    );
    const delivered = receiver.received.map(({ headers }) => seqOf.get(headers['webhook-id'] ?? ''));
    for (const entity of ['e0', 'e1', 'e2', 'e3']) {
      const seqs = delivered.filter((one) => one?.entidade_id === entity).map((one) => one?.seq ?? 0);
      expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
    }
    await parts.webhooks.excluir(actor, webhook.id);
  });

  test('failing for five days it is disabled, an event tells of it, and what waits goes on once it is on again', async () => {
    answer = () => new Response(null, { status: 500 });
    const webhook = await create(receiver.url);
    await happen('a');
    await eventually(
      () => rows(webhook.id),
      ([row]) => row?.tentativas === 1,
    );
    now += 5 * dayMs + hourMs;
    const disabled = await eventually(
      () => parts.webhooks.obter(actor, webhook.id),
      ({ ativo }) => !ativo,
    );
    expect(disabled.motivo_desativacao).toContain('5 dias');
    const told = await stores.work.reader
      .selectFrom('outbox')
      .select('tipo')
      .where('entidade_id', '=', webhook.id)
      .execute();
    expect(told.map(({ tipo }) => tipo)).toEqual(['webhook.desativado']);
    answer = () => new Response();
    now += dayMs;
    await parts.webhooks.atualizar(actor, webhook.id, { ativo: true }, null);
    await eventually(
      () => rows(webhook.id),
      ([row]) => row?.status === 'entregue',
    );
  });
});
