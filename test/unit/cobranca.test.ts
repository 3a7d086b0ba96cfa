import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { dayMs, hourMs } from '../../src/core/clock';
import type { PageRequest } from '../../src/core/page';
import { licencaStatusAt } from '../../src/modules/licencas/licencas.model';
import { actor, openServices } from '../support/services';

const start = Date.parse('2027-01-31T12:00:00-03:00');
const everything: PageRequest = {
  limite: 200,
  cursor: null,
  ordem: { campo: 'vence_em', descendente: false },
  busca: null,
  total: false,
};

let services: Awaited<ReturnType<typeof openServices>>;
beforeEach(async () => {
  services = await openServices(start);
});
afterEach(() => services.close());

async function subscribe(fields: object = {}) {
  const cliente = await services.clientes.criar(actor, { nome: 'C', email: 'c@exemplo.com.br' });
  const plano = await services.planos.criar(actor, {
    nome: 'Mensal',
    preco_centavos: 9_990,
    periodo: 'mensal',
    carencia_dias: 5,
    limite_maquinas: 3,
    recursos: ['nfe'],
  });
  const { facts } = await services.licencas.criar(actor, {
    cliente_id: cliente.id,
    tipo: 'assinatura',
    plano_id: plano.id,
    ...fields,
  });
  return { plano, licenca: facts.licenca };
}

const faturasOf = async () => (await services.faturas.listar(actor, everything, {})).itens;
const licencaNow = async (id: string) => (await services.licencas.obter(actor, id)).facts;
const statusOf = async (id: string) => {
  const { licenca, cliente } = await licencaNow(id);
  return licencaStatusAt(licenca, cliente, services.clock.now());
};

describe('a year of a monthly subscription', () => {
  test('bills every period once, however often it is asked, blocks one unpaid period and restores it', async () => {
    const { licenca } = await subscribe();
    const unpaid = 4;
    const statuses = new Set<string>();
    for (let step = 0; step < 1_520; step += 1) {
      services.setClock(start + step * 5.75 * hourMs);
      await services.faturas.cobrar();
      const faturas = await faturasOf();
      for (const [index, fatura] of faturas.entries()) {
        const wait = index === unpaid ? 9 * dayMs : 2 * dayMs;
        if (fatura.status !== 'paga' && services.clock.now() >= fatura.vence_em + wait)
          await services.faturas.pagar(actor, fatura.id);
      }
      statuses.add(`${await statusOf(licenca.id)} ${faturas.length === unpaid + 1}`);
    }
    const faturas = await faturasOf();
    expect(faturas.map(({ numero }) => numero)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    const days = faturas.map(({ periodo_inicio }) => new Date(periodo_inicio - 3 * hourMs).getUTCDate());
    expect(days).toEqual([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]);
    for (const [index, { periodo_fim }] of faturas.slice(0, -1).entries())
      expect(periodo_fim).toBe(faturas[index + 1]?.periodo_inicio ?? 0);
    // Blocked in the one unpaid period only, never expired.
    expect([...statuses].sort()).toEqual(['ativa false', 'ativa true', 'bloqueada true']);
    const events = await services.events();
    expect(events.filter((tipo) => tipo === 'fatura.criada')).toHaveLength(12);
    expect(events.filter((tipo) => tipo === 'fatura.paga')).toHaveLength(12);
    expect(events.filter((tipo) => tipo === 'fatura.vencida')).toHaveLength(1);
    expect(events.filter((tipo) => tipo === 'licenca.bloqueada')).toHaveLength(1);
    expect(events.filter((tipo) => tipo === 'licenca.desbloqueada')).toHaveLength(1);
    expect(events.filter((tipo) => tipo === 'licenca.renovada')).toHaveLength(11);
  }, 60_000);
});

describe('subscriptions', () => {
  test('take limit and features from the plan, follow its changes, and keep what is their own', async () => {
    const { plano, licenca } = await subscribe();
    const own = (
      await services.licencas.criar(actor, {
        cliente_id: licenca.cliente_id,
        tipo: 'assinatura',
        plano_id: plano.id,
        limite_maquinas: 9,
      })
    ).facts.licenca;
    expect(licenca).toMatchObject({ limite_maquinas: 3, recursos: ['nfe'] });
    const simulated = await services.planos.simular(actor, plano.id, { recursos: [], limite_maquinas: 5 });
    expect([simulated.licencas, simulated.licencas_afetadas]).toEqual([2, 2]);
    expect(simulated.exemplos[0]?.mudancas).toEqual(['perderia nfe: RECURSO_AUSENTE']);
    await services.planos.atualizar(actor, plano.id, { recursos: ['sped'], limite_maquinas: 5 }, null);
    expect((await licencaNow(licenca.id)).licenca).toMatchObject({ limite_maquinas: 5, recursos: ['sped'] });
    expect((await licencaNow(own.id)).licenca).toMatchObject({ limite_maquinas: 9, recursos: ['sped'] });
    await services.licencas.atualizar(actor, licenca.id, { recursos: ['so-meu'] }, null);
    await services.planos.atualizar(actor, plano.id, { recursos: ['outra'] }, null);
    expect((await licencaNow(licenca.id)).licenca.recursos).toEqual(['so-meu']);
  });

  test('cancelled at the end of the period: no further invoice, and then expired', async () => {
    const { licenca } = await subscribe();
    await services.licencas.atualizar(actor, licenca.id, { renovacao_automatica: false }, null);
    services.setClock((licenca.expira_em ?? 0) + 4 * dayMs);
    await services.faturas.cobrar();
    expect(await faturasOf()).toHaveLength(1);
    for (const fatura of await faturasOf()) await services.faturas.pagar(actor, fatura.id);
    expect(await statusOf(licenca.id)).toBe('ativa');
    services.setClock((licenca.expira_em ?? 0) + 5 * dayMs);
    expect(await statusOf(licenca.id)).toBe('expirada');
  });

  test('a server that was off for three months catches up with each period, and one payment is not enough', async () => {
    const { licenca } = await subscribe();
    services.setClock(Date.parse('2027-04-30T13:00:00-03:00'));
    await services.faturas.cobrar();
    const faturas = await faturasOf();
    expect(faturas).toHaveLength(4);
    expect(faturas.map(({ status }) => status)).toEqual(['vencida', 'vencida', 'vencida', 'pendente']);
    expect(await statusOf(licenca.id)).toBe('bloqueada');
    for (const [index, { id }] of faturas.slice(0, 3).entries()) {
      await services.faturas.pagar(actor, id);
      expect(await statusOf(licenca.id)).toBe(index < 2 ? 'bloqueada' : 'ativa');
    }
  });

  test('paid after the period has gone by, the licence goes on at once and the time between is billed', async () => {
    const { licenca } = await subscribe();
    services.setClock(start + 6 * dayMs);
    await services.faturas.cobrar();
    expect(await statusOf(licenca.id)).toBe('bloqueada');
    services.setClock(Date.parse('2027-03-05T12:00:00-03:00'));
    await services.faturas.cobrar();
    const [first] = await faturasOf();
    await services.faturas.pagar(actor, first?.id ?? '');
    expect(await statusOf(licenca.id)).toBe('ativa');
    expect((await faturasOf()).map(({ status }) => status)).toEqual(['paga', 'pendente']);
  });

  test('an invoice is paid once and cancelled once', async () => {
    await subscribe();
    const [fatura] = await faturasOf();
    const id = fatura?.id ?? '';
    await services.faturas.pagar(actor, id);
    await services.faturas.pagar(actor, id);
    expect((await services.events()).filter((tipo) => tipo === 'fatura.paga')).toHaveLength(1);
    expect(services.faturas.cancelar(actor, id)).rejects.toThrow('paga');
  });
});
