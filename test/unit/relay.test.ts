import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { dayMs, hourMs, secondMs } from '../../src/core/clock';
import type { CommittedEvent } from '../../src/core/events';
import { uuidV7 } from '../../src/core/ids';
import { createEventos } from '../../src/modules/eventos/eventos.service';
import { createRetencao, eventsKeptMin } from '../../src/modules/eventos/retencao.service';
import { createRelay } from '../../src/relay/relay';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores, type Stores } from '../../src/stores';
import { eventually } from '../support/app';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';

const page = { limite: 50, cursor: null, ordem: { campo: 'morta_em', descendente: true }, busca: null, total: false };

let stores: Stores;
let path: string;
let now = 0;
let relay: ReturnType<typeof createRelay>;
const clock = { now: () => now };

beforeEach(async () => {
  now = Date.parse('2026-11-25T12:00:00Z');
  path = scratchFolder();
  stores = await openStores(prepareDataFolder(path), clock);
  relay = createRelay({
    work: stores.work,
    clock,
    ids: uuidV7,
    onError: () => undefined,
  });
});
afterEach(async () => {
  await relay.stop();
  await stores.close();
  rmSync(path, { recursive: true, force: true });
});

const happen = (...entities: string[]): Promise<void> =>
  stores.work.write(actor, async (tx) => {
    for (const entidadeId of entities) {
      const eventos = [{ tipo: 'sistema.erro' as const, entidade: 'teste', entidadeId, dados: {} }];
      await tx.record({ acao: 'x', entidade: 'teste', entidadeId, antes: null, depois: null, eventos });
    }
  });
const wants = (): boolean => true;

describe('the dispatcher', () => {
  test('a failing event holds back its own entity only, and is tried again in order', async () => {
    const handled: string[] = [];
    let broken = true;
    relay.register({
      nome: 'c',
      wants,
      handle: async ({ entidadeId, seq }) => {
        if (broken && entidadeId === 'a') throw new Error('broken');
        handled.push(`${entidadeId}${seq}`);
      },
    });
    relay.start();
    await happen('a', 'b', 'a', 'b');
    await eventually(
      async () => handled.length,
      (count) => count === 2,
    );
    expect(handled).toEqual(['b2', 'b4']);
    expect(await relay.stats()).toEqual([{ consumidor: 'c', pendentes: 2, atraso_ms: 0, mortas: 0 }]);
    broken = false;
    now += secondMs;
    expect((await relay.stats())[0]?.atraso_ms).toBe(secondMs);
    await eventually(
      async () => handled.length,
      (count) => count === 4,
    );
    expect(handled.slice(2)).toEqual(['a1', 'a3']);
  });

  test('a consumer that never ends delays no other, and entities go side by side', async () => {
    const quick: CommittedEvent[] = [];
    let under = 0;
    let most = 0;
    const stuck = Promise.withResolvers<void>();
    relay.register({ nome: 'slow', wants, handle: () => stuck.promise });
    relay.register({
      nome: 'quick',
      wants,
      handle: async (event) => {
        under += 1;
        most = Math.max(most, under);
        await Bun.sleep(1);
        under -= 1;
        quick.push(event);
      },
    });
    relay.start();
    const entities = Array.from({ length: 40 }, (_, n) => `e${n}`);
    await happen(...entities, ...entities);
    await eventually(
      async () => quick.length,
      (count) => count === 80,
    );
    expect(most).toBe(16);
    for (const entity of entities) {
      const seqs = quick.filter(({ entidadeId }) => entidadeId === entity).map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
    stuck.resolve();
  });

  test('a projection that fails for one event takes the others of its batch, each exactly once', async () => {
    const applied: string[] = [];
    relay.register({
      nome: 'p',
      wants,
      durable: true,
      apply: async (_tx, events) => {
        if (events.some(({ entidadeId }) => entidadeId === 'poison')) throw new Error('poison');
        applied.push(...events.map(({ entidadeId }) => entidadeId));
      },
    });
    relay.start();
    await happen('a', 'poison', 'b');
    await eventually(
      async () => applied.length,
      (count) => count === 2,
    );
    expect(applied).toEqual(['a', 'b']);
  });

  test('after 20 attempts it is a dead letter, to be seen and put back; what comes after it goes on', async () => {
    let broken = true;
    const handled: number[] = [];
    relay.register({
      nome: 'c',
      wants,
      handle: async ({ seq }) => {
        if (broken && seq === 1) throw new Error('broken for good');
        handled.push(seq);
      },
    });
    const eventos = createEventos({ work: stores.work, relay });
    await happen('a', 'a');
    relay.start();
    for (let attempt = 1; attempt < 20; attempt += 1) {
      await eventually(
        () =>
          stores.work.reader.selectFrom('outbox_entregas').select('tentativas').where('seq', '=', 1).executeTakeFirst(),
        (row) => row?.tentativas === attempt,
      );
      now += hourMs;
      relay.ring();
    }
    await eventually(
      async () => handled,
      (all) => all.length === 1,
    );
    const { itens } = await eventos.listarMortas(actor, page);
    expect(itens).toMatchObject([
      { consumidor: 'c', seq: 1, tentativas: 20, erro: 'Error: broken for good', tipo: 'sistema.erro' },
    ]);
    expect((await eventos.consumidores(actor))[0]).toMatchObject({ pendentes: 0, mortas: 1 });
    broken = false;
    await eventos.reenviar(actor, itens[0]?.id ?? '');
    await eventually(
      async () => handled,
      (all) => all.length === 2,
    );
    expect(handled).toEqual([2, 1]);
    await expect(eventos.reenviar(actor, itens[0]?.id ?? '')).rejects.toThrow();
  }, 40_000);
});

describe('what is kept of events', () => {
  test('the last 10,000 whatever their age, the last days, and what somebody has yet to have', async () => {
    const stuck = Promise.withResolvers<void>();
    relay.register({ nome: 'c', wants: (tipo) => tipo === 'sistema.erro', handle: () => stuck.promise });
    await happen('undelivered');
    await stores.work.reader.selectFrom('outbox').select('seq').execute();
    const fill = (count: number): Promise<void> =>
      stores.work.write(actor, async (tx) => {
        const eventos = Array.from({ length: count }, (_, n) => ({
          tipo: 'cliente.criado' as const,
          entidade: 'teste',
          entidadeId: `f${n}`,
          dados: {},
        }));
        await tx.record({ acao: 'x', entidade: 'teste', entidadeId: 'x', antes: null, depois: null, eventos });
      });
    for (let n = 0; n < 12; n += 1) await fill(1_000);
    const retencao = createRetencao({ work: stores.work, consumers: relay.consumers() });
    const { signal } = new AbortController();
    expect(await retencao.limpar(now, signal)).toEqual({ eventos: 0, entregas: 0 });
    now += 8 * dayMs;
    expect(await retencao.limpar(now, signal)).toEqual({ eventos: 2_000, entregas: 0 });
    const rows = await stores.work.reader.selectFrom('outbox').select('seq').orderBy('seq').execute();
    expect(rows.length).toBe(eventsKeptMin + 1);
    expect(rows[0]?.seq).toBe(1);
    stuck.resolve();
  }, 30_000);
});
