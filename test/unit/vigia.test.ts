import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { rmSync } from 'node:fs';
import { dayMs, hourMs, minuteMs, secondMs } from '../../src/core/clock';
import type { EventType } from '../../src/core/events';
import { uuidV7 } from '../../src/core/ids';
import { createAbertura } from '../../src/modules/alertas/abertura.service';
import { createAvisos } from '../../src/modules/alertas/avisos.service';
import { createMedidas } from '../../src/modules/alertas/medidas.service';
import type { RegraFields } from '../../src/modules/alertas/regras.model';
import { createRegras } from '../../src/modules/alertas/regras.service';
import { createVigia } from '../../src/modules/alertas/vigia.service';
import { createRelay } from '../../src/relay/relay';
import { prepareDataFolder } from '../../src/storage/data-folder';
import { openStores, type Stores } from '../../src/stores';
import { eventually } from '../support/app';
import { scratchFolder } from '../support/scratch';
import { actor } from '../support/services';

const rule: RegraFields = {
  nome: 'regra',
  ativa: true,
  evento: null,
  metrica: null,
  condicao: null,
  limite: null,
  limite_retorno: null,
  por_minutos: 0,
  severidade: 'aviso',
  canais: ['email'],
  silencio: null,
  agrupar_por: 'entidade',
};

let path: string;
let now = 0;
let server: Awaited<ReturnType<typeof start>>;
let mails: string[];
const clock = { now: () => now };

/** Everything that watches, over the data folder: called again it is a restart. */
async function start() {
  const stores: Stores = await openStores(prepareDataFolder(path), clock);
  const { work } = stores;
  const fail = (error: unknown): void => {
    throw error;
  };
  const abertura = createAbertura(uuidV7);
  const medidas = createMedidas({ work, clock, abertura });
  const correio = {
    destinatarios: 'equipe@exemplo.com.br',
    enfileirar: async (_tx: unknown, { dados }: { dados: Readonly<Record<string, unknown>> }) => {
      mails.push(String(dados.titulo));
    },
  };
  const vigia = createVigia({
    work,
    clock,
    abertura,
    medidas,
    avisos: createAvisos(correio, 'America/Sao_Paulo'),
    sistema: async () => ({ disco_livre_pct: 3 }),
    onError: fail,
  });
  const relay = createRelay({ work, clock, ids: uuidV7, onError: fail });
  relay.register(vigia.projection);
  await vigia.start();
  relay.start();
  return {
    work,
    medidas,
    regras: createRegras({ work, ids: uuidV7, abertura, watcher: vigia }),
    stop: async () => {
      await relay.stop();
      await vigia.stop();
      await stores.close();
    },
  };
}

beforeEach(async () => {
  path = scratchFolder();
  mails = [];
  now = Date.parse('2026-11-25T15:00:00Z');
  server = await start();
});
afterEach(async () => {
  await server.stop();
  rmSync(path, { recursive: true, force: true });
});

const happen = (tipo: EventType, entidadeId: string): Promise<void> =>
  server.work.write(actor, (tx) =>
    tx.record({
      acao: 'x',
      entidade: 'maquina',
      entidadeId,
      antes: null,
      depois: null,
      eventos: [{ tipo, entidade: 'maquina', entidadeId, dados: { nome: entidadeId } }],
    }),
  );
const alertas = () => server.work.reader.selectFrom('alertas').selectAll().orderBy('aberto_em').execute();
const esperas = () => server.work.reader.selectFrom('alerta_esperas').selectAll().execute();

async function restart(): Promise<void> {
  await server.stop();
  server = await start();
}

describe('what lasts', () => {
  test('opens once it has lasted, a restart in between; what ended before never opens', async () => {
    await server.regras.criar(actor, { ...rule, evento: 'maquina.offline', por_minutos: 10 });
    await happen('maquina.offline', 'a');
    await happen('maquina.offline', 'b');
    await eventually(esperas, (all) => all.length === 2);
    now += 9 * minuteMs;
    await happen('maquina.online', 'b');
    await eventually(esperas, (all) => all.length === 1);
    expect(await alertas()).toEqual([]);
    await restart();
    now += minuteMs;
    const [alerta] = await eventually(alertas, (all) => all.length === 1);
    expect(alerta).toMatchObject({ titulo: 'Máquina offline: a', status: 'aberto' });
    await restart();
    await happen('maquina.online', 'a');
    await eventually(alertas, ([one]) => one?.status === 'resolvido');
    // It ended before anybody was told: nobody is.
    expect(mails).toEqual([]);
  }, 20_000);

  test('a metric goes on counting over a restart; the server watches its own too', async () => {
    await server.regras.criar(actor, { ...rule, metrica: 'sistema.disco_livre_pct', condicao: 'menor', limite: 5 });
    const regra = { ...rule, nome: 'cpu', metrica: 'cpu', condicao: 'maior', limite: 90, por_minutos: 5 } as const;
    const { id } = await server.regras.criar(actor, regra);
    await eventually(alertas, ([one]) => one?.titulo === 'regra: narcidicontrol (sistema.disco_livre_pct menor 5)');
    const beat = (cpu: number) => server.medidas.observar('m', [{ em: now, cpu, memoria: 1, disco: 1 }]);
    beat(95);
    await eventually(esperas, (all) => all.length === 1);
    await restart();
    now += 5 * minuteMs;
    beat(95);
    // There is no such machine: what was counted is kept, but nothing is said of it.
    await eventually(esperas, (all) => all.length === 0);
    expect((await alertas()).filter(({ regra_id }) => regra_id === id)).toEqual([]);
  }, 20_000);
});

describe('telling', () => {
  test('waits for the end of the silence, the alert itself does not', async () => {
    const silencio = { inicio: '11:00', fim: '13:00' };
    await server.regras.criar(actor, { ...rule, evento: 'maquina.offline', silencio });
    await happen('maquina.offline', 'a');
    await eventually(alertas, (all) => all.length === 1);
    now += 6 * secondMs;
    // 15:00 UTC is noon in São Paulo.
    await eventually(alertas, ([one]) => one?.notificar_em === Date.parse('2026-11-25T16:00:00Z'));
    expect(mails).toEqual([]);
    await restart();
    now = Date.parse('2026-11-25T16:00:01Z');
    await eventually(
      async () => mails,
      (all) => all.length === 1,
    );
    expect(mails).toEqual(['Máquina offline: a']);
    expect((await alertas())[0]?.notificar_em).toBeNull();
  }, 20_000);

  test('once for each alert, however often its cause is repeated; without an end it closes after seven quiet days', async () => {
    await server.regras.criar(actor, { ...rule, evento: 'maquina.anomalia' });
    await happen('maquina.anomalia', 'a');
    await eventually(alertas, (all) => all.length === 1);
    now += 6 * secondMs;
    await eventually(
      async () => mails,
      (all) => all.length === 1,
    );
    now += 6 * dayMs;
    await happen('maquina.anomalia', 'a');
    await eventually(alertas, ([one]) => one?.ocorrencias === 2);
    now += 6 * dayMs;
    await restart();
    expect((await alertas()).map(({ status }) => status)).toEqual(['aberto']);
    now += dayMs + hourMs;
    await eventually(alertas, ([one]) => one?.status === 'resolvido');
    expect(mails).toEqual(['Anomalia em máquina: a']);
  }, 20_000);
});
