import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Actor, systemActor } from '../../../src/core/actor';
import { dayMs, hourMs, minuteMs } from '../../../src/core/clock';
import { uuidV7 } from '../../../src/core/ids';
import { createAtivacao } from '../../../src/modules/licencas/ativacao.service';
import { createRelogios } from '../../../src/modules/ml/relogios.service';
import { judge, tail } from '../../../src/modules/ml/suspeitas.model';
import { createSuspeitas } from '../../../src/modules/ml/suspeitas.service';
import { actor, openServices } from '../../support/services';

const start = Date.UTC(2026, 9, 1, 12);
let services: Awaited<ReturnType<typeof openServices>>;
let suspeitas: ReturnType<typeof createSuspeitas>;
let relogios: ReturnType<typeof createRelogios>;
let now = start;

beforeEach(async () => {
  now = start;
  services = await openServices(start);
  const { work, clock } = services;
  relogios = createRelogios({ clock });
  suspeitas = createSuspeitas({ work, clock, ids: uuidV7, relogios, porSemana: 1 });
});
afterEach(() => services.close());

function wait(ms: number): void {
  now += ms;
  services.setClock(now);
}

const found = async () =>
  (
    await suspeitas.listar(
      systemActor('teste'),
      { limite: 50, cursor: null, ordem: { campo: 'em', descendente: false }, busca: null, total: false },
      {},
    )
  ).itens;

/** A customer with a licence of so many seats and machines in them. */
async function fleet(machines: number, limite = machines) {
  const cliente = await services.clientes.criar(actor, { nome: 'Loja', email: `${crypto.randomUUID()}@x.com.br` });
  const terms = { cliente_id: cliente.id, tipo: 'perpetua' as const, limite_maquinas: limite };
  const { facts, chave } = await services.licencas.criar(actor, terms);
  const ids: string[] = [];
  for (let index = 0; index < machines; index += 1) ids.push(await activate(chave ?? ''));
  return { cliente, licenca: facts.licenca, chave: chave ?? '', machines: ids };
}

async function activate(chave: string, as: Actor = actor): Promise<string> {
  const { work, keyring } = services;
  const ativacao = createAtivacao({
    work,
    ids: uuidV7,
    keyring,
    leasedUntil: (at) => at,
    refused: () => undefined,
  });
  const impressao = `serial-${crypto.randomUUID()}`;
  return (await ativacao.ativar(as, chave, { impressao })).maquina.id;
}

async function drop(machines: readonly string[]): Promise<void> {
  for (const entidadeId of machines) {
    await services.work.write(systemActor('presenca'), (tx) =>
      tx.record({ acao: 'desconectar', entidade: 'maquina', entidadeId, antes: null, depois: null, eventos: [] }),
    );
  }
}

describe('machines offline together', () => {
  test('are suspicious when that is not their habit, and told once', async () => {
    const { cliente, machines } = await fleet(8);
    wait(20 * dayMs);
    await drop(machines.slice(0, 1));
    wait(3 * dayMs);
    await drop(machines.slice(0, 7));
    wait(5 * minuteMs);
    expect(await suspeitas.procurar()).toBe(1);
    wait(5 * minuteMs);
    expect(await suspeitas.procurar()).toBe(0);
    const [suspeita] = await found();
    expect(suspeita).toMatchObject({ tipo: 'maquinas_offline_em_massa', entidade: 'cliente', entidade_id: cliente.id });
    expect(suspeita?.evidencias[0]).toBe('7 de 8 máquinas de Loja ficaram offline em 15 minutos');
    expect(await services.events()).toContain('seguranca.suspeita');
  });

  test('every evening at closing time are a habit', async () => {
    const { machines } = await fleet(8);
    for (let day = 0; day < 6; day += 1) {
      wait(dayMs);
      await drop(machines);
    }
    wait(5 * minuteMs);
    expect(await suspeitas.procurar()).toBe(0);
  });

  test('one or two are not many', async () => {
    const { machines } = await fleet(2);
    wait(20 * dayMs);
    await drop(machines);
    wait(minuteMs);
    expect(await suspeitas.procurar()).toBe(0);
  });
});

describe('a key', () => {
  test('passed around is suspicious, with figures', async () => {
    const { licenca, chave } = await fleet(0, 3);
    wait(2 * dayMs);
    for (let index = 0; index < 12; index += 1) {
      const as = { ...actor, ip: `200.10.${index}.1` };
      const id = await activate(chave, as);
      // Given back each time, so that the seats never run out.
      await services.work.write(actor, async (tx) => {
        await tx.db.updateTable('maquinas').set({ ativa: 0 }).where('id', '=', id).execute();
        await tx.db.updateTable('licencas').set({ maquinas_ativas: 0 }).where('id', '=', licenca.id).execute();
      });
      wait(hourMs);
    }
    expect(await suspeitas.procurar()).toBe(1);
    const [suspeita] = await found();
    expect(suspeita).toMatchObject({ tipo: 'chave_compartilhada', entidade_id: licenca.id });
    expect(suspeita?.evidencias[0]).toContain(
      'ativada 12 vezes em um dia, em 12 máquinas e 12 endereços, com 3 assentos',
    );
  });

  test('that fills the seats it was bought for is not', async () => {
    await fleet(0);
    const { chave } = await fleet(0, 30);
    for (let index = 0; index < 30; index += 1) await activate(chave);
    wait(minuteMs);
    expect(await suspeitas.procurar()).toBe(0);
  });
});

describe('access and changes', () => {
  test('a burst of refused log-ins from one address is suspicious, a few are not', async () => {
    const refuse = async (ip: string, times: number) => {
      for (let index = 0; index < times; index += 1) {
        const change = { acao: 'login_falhou', entidade: 'usuario', entidadeId: 'u', antes: null, depois: null };
        await services.work.write({ ...systemActor('x'), ip }, (tx) => tx.record({ ...change, eventos: [] }));
      }
    };
    await refuse('203.0.113.7', 25);
    await refuse('203.0.113.8', 4);
    wait(minuteMs);
    expect(await suspeitas.procurar()).toBe(1);
    expect((await found())[0]).toMatchObject({ tipo: 'acesso_suspeito', entidade_id: '203.0.113.7' });
  });

  test('a record changed again and again within an hour is suspicious', async () => {
    const { cliente } = await fleet(1);
    for (let index = 0; index < 15; index += 1) {
      await services.clientes.atualizar(actor, cliente.id, { nome: `Loja ${index}` }, null);
    }
    wait(minuteMs);
    expect(await suspeitas.procurar()).toBe(1);
    expect((await found())[0]).toMatchObject({ tipo: 'mudancas_frequentes', entidade_id: cliente.id });
  });
});

describe('chance', () => {
  test('is the upper tail of a Poisson count', () => {
    const mean = fc.double({ min: 0.01, max: 20, noNaN: true });
    fc.assert(
      fc.property(fc.nat(60), mean, (k, expected) => {
        let sum = 0;
        let term = Math.exp(-expected);
        for (let n = 0; n < 400; n += 1) {
          if (n >= k) sum += term;
          term *= expected / (n + 1);
        }
        const value = tail(k, expected);
        expect(value).toBeGreaterThanOrEqual(0);
        expect(Math.abs(value - sum)).toBeLessThan(1e-6);
        if (sum > 1e-300) expect(value / sum).toBeWithin(0.99, 3);
      }),
    );
  });

  test('a larger budget is quicker to speak, and a score stays between 0 and 1', () => {
    const count = { observado: 4, esperado: 0.4, minimo: 3 };
    const asked = { perguntasPorSemana: 2_016 };
    expect(judge(count, { porSemana: 1, ...asked })).toBeNull();
    expect(judge(count, { porSemana: 500, ...asked })).toBeWithin(0, 1.0001);
    expect(judge({ ...count, observado: 2 }, { porSemana: 1_000, ...asked })).toBeNull();
  });
});

describe('a clock set back', () => {
  /** A heartbeat a minute from a clock that is behind, for so long. */
  function talk(id: string, behindMs: number, forMs: number, newest: number): void {
    for (let passed = 0; passed <= forMs; passed += minuteMs) {
      relogios.heard(id, now - behindMs, newest);
      wait(minuteMs);
    }
  }

  test('is told with how far it is behind, once', async () => {
    const { machines } = await fleet(1);
    talk(machines[0] ?? '', 32 * dayMs, 35 * minuteMs, now);
    expect(await suspeitas.procurar()).toBe(1);
    expect(await suspeitas.procurar()).toBe(0);
    const [suspeita] = await found();
    expect(suspeita).toMatchObject({ tipo: 'acesso_suspeito', entidade: 'maquina', entidade_id: machines[0] });
    expect(suspeita?.evidencias[0]).toContain('32 dias atrasado');
  });

  test('is not a backlog, an hour of daylight saving, or a machine that is silent since', async () => {
    const { machines } = await fleet(3);
    const [backlog = '', daylight = '', silent = ''] = machines;
    talk(backlog, 5 * dayMs, 20 * minuteMs, now);
    relogios.heard(backlog, now, now - minuteMs);
    talk(backlog, 5 * dayMs, 20 * minuteMs, now);
    talk(daylight, hourMs, 2 * hourMs, now);
    expect(await suspeitas.procurar()).toBe(0);
    talk(silent, 5 * dayMs, 40 * minuteMs, now);
    wait(2 * hourMs);
    expect(await suspeitas.procurar()).toBe(0);
  });

  test('of a machine that was removed is not told', async () => {
    talk('nenhuma', 5 * dayMs, 40 * minuteMs, now);
    expect(await suspeitas.procurar()).toBe(0);
  });
});
