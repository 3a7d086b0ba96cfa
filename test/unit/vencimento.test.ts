import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { dayMs, hourMs } from '../../src/core/clock';
import { createVencimento } from '../../src/modules/licencas/vencimento.service';
import { actor, openServices } from '../support/services';

const start = Date.UTC(2027, 0, 1);

let services: Awaited<ReturnType<typeof openServices>>;
beforeEach(async () => {
  services = await openServices(start);
});
afterEach(() => services.close());

const told = async () => (await services.events()).filter((tipo) => tipo === 'licenca.expirando').length;

describe('notices of expiry', () => {
  test('30, 7 and 1 days ahead, each once, however often it runs; a renewal arms them anew', async () => {
    const cliente = await services.clientes.criar(actor, { nome: 'C', email: 'c@exemplo.com.br' });
    const { facts } = await services.licencas.criar(actor, { cliente_id: cliente.id, tipo: 'temporaria', dias: 60 });
    const vencimento = createVencimento(services);
    const toldOn: number[] = [];
    const run = async (fromDay: number, toDay: number) => {
      for (let at = start + fromDay * dayMs; at < start + toDay * dayMs; at += 6 * hourMs) {
        services.setClock(at);
        const before = await told();
        await vencimento.avisar();
        if ((await told()) > before) toldOn.push((at - start) / dayMs);
      }
    };
    await run(0, 59.5);
    expect(toldOn).toEqual([30, 53, 59]);
    await services.licencas.renovar(actor, facts.licenca.id, { dias: 60 });
    await run(59.5, 130);
    expect(toldOn).toEqual([30, 53, 59, 90, 113, 119]);
  });

  test('a licence that begins within the last days gets the nearest notice only', async () => {
    const cliente = await services.clientes.criar(actor, { nome: 'C', email: 'c@exemplo.com.br' });
    await services.licencas.criar(actor, { cliente_id: cliente.id, tipo: 'temporaria', dias: 5 });
    const vencimento = createVencimento(services);
    await vencimento.avisar();
    await vencimento.avisar();
    expect(await told()).toBe(1);
  });
});
