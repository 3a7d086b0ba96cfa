import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { dayMs, hourMs, minuteMs, rfc3339 } from '../../src/core/clock';
import { uuidV7 } from '../../src/core/ids';
import type { Job } from '../../src/core/job';
import { createExecucoes, type Execucoes } from '../../src/modules/tarefas/execucao.service';
import { createTarefas } from '../../src/modules/tarefas/tarefas.service';
import { createSchedules } from '../../src/transport/cron/schedules';
import { actor, openServices } from '../support/services';

/** A Wednesday, 01:30:00 in São Paulo. */
const start = Date.parse('2026-11-25T01:30:00-03:00');
const schedules = createSchedules('America/Sao_Paulo');
const agendas = {
  maquinas_offline: '*/5 * * * *',
  licencas_expirando: '0 * * * *',
  renovar_assinaturas: '0 */6 * * *',
  relatorio_diario: '0 8 * * *',
  backup: '0 2 * * *',
  simulacro: '0 4 * * 0',
};

let services: Awaited<ReturnType<typeof openServices>>;
beforeEach(async () => {
  services = await openServices(start);
});
afterEach(() => services.close());

function job(nome: string, agenda: string, run: Job['run'] = async () => 'feito', limiteMs = minuteMs): Job {
  return { nome, descricao: nome, agenda, limiteMs, run };
}

async function scheduler(jobs: readonly Job[]) {
  const { work, clock } = services;
  const onError = (error: unknown): never => {
    throw error;
  };
  const execucoes = createExecucoes(jobs, { work, clock, ids: uuidV7, schedules, onError });
  await execucoes.load();
  return { execucoes, tarefas: createTarefas({ execucoes, schedules, clock, reader: work.reader }) };
}

/** Moves the clock and lets what is due run to its end. */
async function passTo(execucoes: Execucoes, ms: number): Promise<void> {
  services.setClock(ms);
  execucoes.tick();
  await execucoes.settled();
}

const page = { limite: 200, cursor: null, ordem: { campo: 'inicio', descendente: true }, busca: null, total: false };

describe('the schedule', () => {
  test('of 72 hours starts every job at its time, once', async () => {
    const ran = new Map<string, string[]>();
    const jobs = Object.entries(agendas).map(([nome, agenda]) =>
      job(nome, agenda, async ({ now }) => {
        ran.set(nome, [...(ran.get(nome) ?? []), rfc3339(now)]);
        return 'feito';
      }),
    );
    const { execucoes } = await scheduler(jobs);
    // In steps of 20 seconds, which is coarser than the second of the server.
    for (let at = start; at <= start + 72 * hourMs; at += 20_000) {
      services.setClock(at);
      execucoes.tick();
      if (execucoes.stats().executando > 0) await execucoes.settled();
    }
    const expected = new Map<string, string[]>();
    for (const [nome, agenda] of Object.entries(agendas)) {
      const times: string[] = [];
      let next = schedules.next(agenda, start);
      while (next !== null && next <= start + 72 * hourMs) {
        times.push(rfc3339(next));
        next = schedules.next(agenda, next);
      }
      if (times.length > 0) expected.set(nome, times);
    }
    expect(Object.fromEntries(ran)).toEqual(Object.fromEntries(expected));
    expect(ran.get('backup')?.map((time) => time.slice(11, 16))).toEqual(['05:00', '05:00', '05:00']);
    expect(ran.get('relatorio_diario')).toHaveLength(3);
    expect(ran.get('maquinas_offline')).toHaveLength(72 * 12);
  }, 60_000);

  test('missed while stopped happens once at the next start, and then at its time', async () => {
    const ran: string[] = [];
    const jobs = [
      job('backup', agendas.backup, async ({ now }) => {
        ran.push(rfc3339(now));
        return '';
      }),
    ];
    await scheduler(jobs);
    services.setClock(start + 3 * dayMs + 7 * hourMs);
    const { execucoes, tarefas } = await scheduler(jobs);
    await passTo(execucoes, services.clock.now() + 1);
    await passTo(execucoes, services.clock.now() + hourMs);
    expect(ran).toHaveLength(1);
    const { itens } = await tarefas.execucoes(actor, 'backup', page);
    expect(itens).toMatchObject([{ origem: 'atraso', resultado: 'sucesso' }]);
    const { proxima_em } = await tarefas.obter(actor, 'backup');
    expect(rfc3339(proxima_em ?? 0)).toBe('2026-11-29T05:00:00.000Z');
  });

  test('goes on after the clock was turned back a day, and does not pile up after a day ahead', async () => {
    let runs = 0;
    const { execucoes } = await scheduler([
      job('a', '*/5 * * * *', async () => {
        runs += 1;
        return '';
      }),
    ]);
    await passTo(execucoes, start + dayMs);
    expect(runs).toBe(1);
    await passTo(execucoes, start);
    await passTo(execucoes, start + 5 * minuteMs);
    expect(runs).toBe(2);
  });
});

describe('a run', () => {
  test('does not overlap itself, whoever asks', async () => {
    let release: () => void = () => undefined;
    let runs = 0;
    const { execucoes, tarefas } = await scheduler([
      job('a', '*/5 * * * *', async () => {
        runs += 1;
        await new Promise<void>((resolve) => (release = resolve));
        return 'solto';
      }),
    ]);
    services.setClock(start + 5 * minuteMs);
    execucoes.tick();
    expect(await tarefas.executar(actor, 'a').catch((error: Error) => error.message)).toBe(
      'A tarefa a já está executando.',
    );
    services.setClock(start + 10 * minuteMs);
    execucoes.tick();
    while (runs === 0) await Bun.sleep(1);
    release();
    await execucoes.settled();
    expect(runs).toBe(1);
    expect((await tarefas.obter(actor, 'a')).ultima).toMatchObject({ resultado: 'sucesso', detalhe: 'solto' });
  });

  test('that fails is told, tried again after a minute and after five, then waits for its schedule', async () => {
    const times: string[] = [];
    const { execucoes, tarefas } = await scheduler([
      job('a', '0 * * * *', async ({ now }) => {
        times.push(rfc3339(now).slice(11, 16));
        throw new Error('sem disco');
      }),
    ]);
    for (let at = start + 30 * minuteMs; at < start + 89 * minuteMs; at += minuteMs) await passTo(execucoes, at);
    expect(times).toEqual(['05:00', '05:01', '05:06']);
    const { itens } = await tarefas.execucoes(actor, 'a', page);
    expect(itens.map(({ origem, resultado, detalhe }) => [origem, resultado, detalhe])).toEqual([
      ['repeticao', 'erro', 'sem disco'],
      ['repeticao', 'erro', 'sem disco'],
      ['agenda', 'erro', 'sem disco'],
    ]);
    expect((await services.events()).filter((tipo) => tipo === 'sistema.erro')).toHaveLength(3);
  });

  test('that takes too long is told to stop and counts as failed', async () => {
    let told = false;
    const hang: Job['run'] = ({ signal }) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          told = true;
          resolve('tarde demais');
        }),
      );
    const { execucoes, tarefas } = await scheduler([job('a', '0 * * * *', hang, 20)]);
    await passTo(execucoes, start + 30 * minuteMs);
    expect(told).toBe(true);
    expect((await tarefas.obter(actor, 'a')).ultima?.resultado).toBe('tempo_esgotado');
  });

  test('cut off by the stop of the server happens again at the next start', async () => {
    let finishes = false;
    const run: Job['run'] = ({ signal }) =>
      finishes
        ? Promise.resolve('feito')
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('parado'))));
    const first = await scheduler([job('a', '0 * * * *', run)]);
    services.setClock(start + 30 * minuteMs);
    first.execucoes.tick();
    while ((await first.tarefas.obter(actor, 'a')).ultima === null) await Bun.sleep(1);
    await first.execucoes.stop();
    expect((await first.tarefas.obter(actor, 'a')).ultima?.resultado).toBe('interrompida');
    finishes = true;
    const second = await scheduler([job('a', '0 * * * *', run)]);
    await passTo(second.execucoes, services.clock.now() + 1);
    expect((await second.tarefas.obter(actor, 'a')).ultima).toMatchObject({
      origem: 'repeticao',
      resultado: 'sucesso',
    });
    expect(await services.events()).not.toContain('sistema.erro');
  });
});

describe('a schedule that is given', () => {
  test('counts from then on, survives a restart, and is refused when it never comes', async () => {
    const { tarefas } = await scheduler([job('backup', agendas.backup)]);
    for (const agenda of ['61 2 * * *', '0 0 30 2 *', '0 2 * *', '0 0 2 * * *', '2026-12-01T00:00:00', 'sempre']) {
      const refused = await tarefas.editar(actor, 'backup', { agenda }, null).catch((error: Error) => error.message);
      expect({ agenda, refused }).toEqual({ agenda, refused: expect.stringContaining('agenda: deve ser um padrão') });
    }
    await tarefas.editar(actor, 'backup', { agenda: '30 3 * * *' }, null);
    const again = await scheduler([job('backup', agendas.backup)]);
    const tarefa = await again.tarefas.obter(actor, 'backup');
    expect(tarefa).toMatchObject({ agenda: '30 3 * * *', agenda_padrao: '0 2 * * *', ultima: null });
    expect(rfc3339(tarefa.proxima_em ?? 0)).toBe('2026-11-25T06:30:00.000Z');
  });

  test('pauses, and what was due meanwhile does not happen', async () => {
    let runs = 0;
    const { execucoes, tarefas } = await scheduler([
      job('a', '*/5 * * * *', async () => {
        runs += 1;
        return '';
      }),
    ]);
    await tarefas.editar(actor, 'a', { ativa: false }, null);
    await passTo(execucoes, start + hourMs);
    expect((await tarefas.obter(actor, 'a')).proxima_em).toBeNull();
    await tarefas.editar(actor, 'a', { ativa: true }, null);
    await passTo(execucoes, start + hourMs + minuteMs);
    expect(runs).toBe(0);
    await passTo(execucoes, start + hourMs + 5 * minuteMs);
    expect(runs).toBe(1);
  });
});
