import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { uuidV7 } from '../../src/core/ids';
import { createAtivacao } from '../../src/modules/licencas/ativacao.service';
import { createPresenca, type Presenca } from '../../src/modules/maquinas/presenca.service';
import { actor, openServices } from '../support/services';
import { type ScratchSeries, scratchSeries } from './series-support';

const start = Date.parse('2026-11-25T12:00:00Z');
const second = 1_000;
const day = 86_400 * second;
const beat = { cpu: 1, memoria: 2, disco: 3 };

type Services = Awaited<ReturnType<typeof openServices>>;

let services: Services;
let series: ScratchSeries;
let presenca: Presenca;
let maquina: string;

function newPresenca(): Presenca {
  return createPresenca({
    work: services.work,
    series: series.store,
    clock: services.clock,
    heartbeatIntervalMs: 60 * second,
    seat: async () => undefined,
    onError: (error) => {
      throw error;
    },
  });
}

beforeEach(async () => {
  services = await openServices(start);
  series = scratchSeries();
  maquina = await newMachine();
  presenca = newPresenca();
});
afterEach(async () => {
  await presenca.stop();
  await services.close();
  await series.remove();
});

let serial = 0;

async function newMachine(): Promise<string> {
  serial += 1;
  const cliente = await services.clientes.criar(actor, { nome: 'C', email: `c${serial}@exemplo.com.br` });
  const { facts } = await services.licencas.criar(actor, { cliente_id: cliente.id, tipo: 'perpetua' });
  const ativacao = createAtivacao({
    work: services.work,
    ids: uuidV7,
    keyring: services.keyring,
    leasedUntil: (now) => now,
    refused: () => undefined,
  });
  const { maquina: made } = await ativacao.ativarPorId(actor, facts.licenca.id, { impressao: `m${serial}` });
  return made.id;
}

/** Lets seconds pass as they do: with a look at every one of them. */
async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n += 1) {
    services.setClock(services.clock.now() + second);
    presenca.sweep();
  }
  await presenca.verificar();
}

async function conexao(): Promise<string> {
  const row = await services.work.reader
    .selectFrom('maquinas')
    .select('conexao')
    .where('id', '=', maquina)
    .executeTakeFirstOrThrow();
  return row.conexao;
}

/** The comings and goings that were told, with their reasons. */
async function told(): Promise<string[]> {
  const rows = await services.work.reader
    .selectFrom('outbox')
    .select(['tipo', 'dados'])
    .where('tipo', 'in', ['maquina.online', 'maquina.offline', 'maquina.perdida'])
    .orderBy('seq')
    .execute();
  return rows.map(({ tipo, dados }) => {
    const { motivo } = JSON.parse(dados) as { motivo?: string };
    return motivo === undefined ? tipo : `${tipo} ${motivo}`;
  });
}

describe('a machine', () => {
  test('is online with its first heartbeat, before that is acknowledged', async () => {
    expect(await conexao()).toBe('nunca_vista');
    await presenca.heartbeat(maquina, beat);
    expect(await conexao()).toBe('online');
  });

  test('is offline three intervals after its last heartbeat', async () => {
    await presenca.heartbeat(maquina, beat);
    await pass(179);
    expect(await conexao()).toBe('online');
    await pass(1);
    expect(await conexao()).toBe('offline');
    await presenca.heartbeat(maquina, beat);
    expect(await told()).toEqual(['maquina.online', 'maquina.offline sem_heartbeat', 'maquina.online']);
  });

  test.each([
    [true, 'desconectou'],
    [false, 'conexao_perdida'],
  ])('whose connection ended (farewell: %p) is offline 10 s later', async (despedida, motivo) => {
    await presenca.heartbeat(maquina, beat);
    presenca.disconnected(maquina, despedida);
    await pass(9);
    expect(await conexao()).toBe('online');
    await pass(1);
    expect(await told()).toEqual(['maquina.online', `maquina.offline ${motivo}`]);
  });

  test('that comes back within 10 s was never away', async () => {
    await presenca.heartbeat(maquina, beat);
    presenca.disconnected(maquina, false);
    await pass(9);
    presenca.connected(maquina);
    await pass(100);
    expect(await told()).toEqual(['maquina.online']);
  });

  test('is online by its birth, offline by its will, and the late will of an old session counts for nothing', async () => {
    await presenca.conexao(maquina, { conectada: true, sessao: 's1', testamento: false });
    expect(await conexao()).toBe('online');
    await presenca.conexao(maquina, { conectada: true, sessao: 's2', testamento: false });
    expect(await presenca.conexao(maquina, { conectada: false, sessao: 's1', testamento: true })).toBe(false);
    await pass(20);
    expect(await conexao()).toBe('online');
    expect(await presenca.conexao(maquina, { conectada: false, sessao: 's2', testamento: true })).toBe(true);
    await pass(10);
    expect(await told()).toEqual(['maquina.online', 'maquina.offline conexao_perdida']);
  });

  test('silent for thirty days is given up, and comes back with a heartbeat', async () => {
    await presenca.heartbeat(maquina, beat);
    await pass(180);
    services.setClock(start + 30 * day - 1);
    await presenca.verificar();
    expect(await conexao()).toBe('offline');
    services.setClock(start + 30 * day);
    await presenca.verificar();
    expect(await conexao()).toBe('perdida');
    await presenca.heartbeat(maquina, beat);
    expect(await told()).toEqual([
      'maquina.online',
      'maquina.offline sem_heartbeat',
      'maquina.perdida',
      'maquina.online',
    ]);
  });
});

describe('what is not held against a machine', () => {
  test('a heartbeat that is being stored as the sweep comes', async () => {
    await presenca.heartbeat(maquina, beat);
    const storing = presenca.heartbeat(maquina, beat);
    services.setClock(start + 180 * second);
    for (let n = 0; n < 200; n += 1) presenca.sweep();
    await storing;
    await presenca.verificar();
    expect(await told()).toEqual(['maquina.online']);
  });

  test('a heartbeat acknowledged after the sweep has decided and before it is written', async () => {
    await presenca.heartbeat(maquina, beat);
    for (let n = 0; n < 179; n += 1) {
      services.setClock(services.clock.now() + second);
      presenca.sweep();
    }
    let release: () => void = () => undefined;
    const held = services.work.write(actor, () => new Promise<void>((resolve) => (release = resolve)));
    services.setClock(services.clock.now() + second);
    presenca.sweep();
    const heartbeat = presenca.heartbeat(maquina, beat);
    setTimeout(() => release(), 50);
    await Promise.all([held, heartbeat]);
    await presenca.verificar();
    expect(await told()).toEqual(['maquina.online']);
    expect(await conexao()).toBe('online');
  });

  test('a restart of the server: there is an interval to be heard again', async () => {
    await presenca.heartbeat(maquina, beat);
    await presenca.stop();
    services.setClock(start + 3_600 * second);
    presenca = newPresenca();
    await presenca.start();
    await pass(59);
    expect(await conexao()).toBe('online');
    await pass(1);
    expect(await told()).toEqual(['maquina.online', 'maquina.offline sem_heartbeat']);
  });

  test('the will that a dead server left, once the machine was heard by the living one', async () => {
    await presenca.conexao(maquina, { conectada: true, sessao: 's1', testamento: false });
    await presenca.stop();
    services.setClock(start + 60 * second);
    presenca = newPresenca();
    await presenca.start();
    await presenca.heartbeat(maquina, beat);
    await presenca.conexao(maquina, { conectada: false, sessao: 's1', testamento: true });
    await pass(59);
    expect(await told()).toEqual(['maquina.online']);
  });

  test('a stall of the server, however long, a pause, or a clock set back', async () => {
    await presenca.heartbeat(maquina, beat);
    await pass(170);
    services.setClock(services.clock.now() + 600 * second);
    presenca.sweep();
    presenca.pausar();
    await pass(600);
    presenca.retomar();
    services.setClock(services.clock.now() - 300 * second);
    await pass(5);
    expect(await conexao()).toBe('online');
    await pass(10);
    expect(await told()).toEqual(['maquina.online', 'maquina.offline sem_heartbeat']);
  });
});

describe('many at once', () => {
  test('go offline together, each with its own event', async () => {
    const others = [];
    for (let n = 0; n < 120; n += 1) others.push(await newMachine());
    await Promise.all(others.map((id) => presenca.heartbeat(id, beat)));
    await pass(180);
    const events = await told();
    expect(events.filter((event) => event === 'maquina.online')).toHaveLength(120);
    expect(events.filter((event) => event === 'maquina.offline sem_heartbeat')).toHaveLength(120);
    expect(await presenca.counts()).toEqual({ online: 0, offline: 120 });
  });
});
