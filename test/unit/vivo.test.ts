import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import type { Actor } from '../../src/core/actor';
import type { CommittedEvent } from '../../src/core/events';
import { createSessoesVivas } from '../../src/modules/eventos/sessao-viva.service';
import { createStream } from '../../src/modules/eventos/stream.http';
import { createVivo, type Lote, type Vivo } from '../../src/modules/eventos/vivo.service';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores, type Stores } from '../../src/stores';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';

let stores: Stores;
let path: string;
let vivo: Vivo;
const never = (error: unknown): void => {
  throw error;
};
const sessoes = createSessoesVivas({ onError: never });

beforeAll(async () => {
  path = scratchFolder();
  stores = await openStores(prepareDataFolder(path), { now: () => Date.now() });
  vivo = createVivo({ handle: stores.sqlite.readerHandle, pressao: { share: () => 1 }, onError: never });
  stores.work.onCommit((commit) => vivo.onCommit(commit));
});
afterAll(async () => {
  vivo.encerrar();
  await stores.close();
  rmSync(path, { recursive: true, force: true });
});

/** Commits so many events in one transaction. */
const commit = (count: number, fill = ''): Promise<void> =>
  stores.work.write(actor, async (tx) => {
    for (let n = 0; n < count; n += 1) {
      const dados = { n, fill };
      const eventos = [{ tipo: 'sistema.erro' as const, entidade: 'teste', entidadeId: 'e', dados }];
      await tx.record({ acao: 'x', entidade: 'teste', entidadeId: 'e', antes: null, depois: null, eventos });
    }
  });

const everything = new Set<CommittedEvent['tipo']>(['sistema.erro']);
const seqs = async () =>
  (await stores.work.reader.selectFrom('outbox').select('id').orderBy('seq').execute()).map(({ id }) => id);

describe('the live feed', () => {
  test('resumes over 12,000 events while more are committed: each once, in order', async () => {
    for (let n = 0; n < 12; n += 1) await commit(1_000);
    const [first = ''] = await seqs();
    const heard: string[] = [];
    const done = Promise.withResolvers<void>();
    const ouvinte = {
      entregar: ({ textos }: Lote) => {
        for (const texto of textos) heard.push(JSON.parse(texto).id);
        if (heard.length === 12_099) done.resolve();
        return true;
      },
      espaco: () => Promise.resolve(),
      encerrar: () => undefined,
    };
    const assinatura = vivo.assinar(ouvinte, everything, first);
    for (let n = 0; n < 100; n += 1) await commit(1);
    await done.promise;
    assinatura.fim();
    expect(heard).toEqual((await seqs()).slice(1));
  });

  test('a client that reads nothing is dropped with a reason once its buffer is full; others hear on', async () => {
    const listen = createStream({ vivo, sessoes });
    const listener: Actor = { ...actor, tipo: 'usuario', id: 'u' };
    const response = await listen(() => Promise.resolve(listener), ['sistema.*'], null);
    let others = 0;
    const other = {
      entregar: ({ textos }: Lote) => {
        others += textos.length;
        return true;
      },
      espaco: () => Promise.resolve(),
      encerrar: () => undefined,
    };
    const assinatura = vivo.assinar(other, everything, null);
    const before = vivo.stats();
    let committed = 0;
    while (vivo.stats().derrubados === before.derrubados) {
      await commit(20, 'x'.repeat(10_000));
      committed += 20;
      // Commits alone give timers no turn.
      await Bun.sleep(0);
      if (committed > 2_000) throw new Error('it was never dropped');
    }
    expect(vivo.stats().clientes).toBe(before.clientes - 1);
    await commit(1);
    while (others < committed + 1) await Bun.sleep(5);
    assinatura.fim();
    const text = await response.text();
    expect(text.endsWith('\n\n')).toBe(true);
    expect(text).toContain('event: encerrado\ndata: {"codigo":"CLIENTE_LENTO"');
    // What it could hold and one more batch of at most 500 events.
    expect(text.length).toBeLessThan(7 * 1024 * 1024);
  });
});
