/** How much of a period the machines were there: all of them together, and those that were there least. */

import type { Db, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { createAvailability, vouchedMs } from './dashboard.model';
import type { SeriesStore } from './series.store';

const machinesPerPage = 200;
const worstShown = 5;

export interface DisponibilidadeDaFrota {
  /** Of the time since each machine was registered, in percent with two decimals; null when none was ever heard. */
  media_pct: number | null;
  /** The machines that were there least, the worst first. */
  piores: { id: string; nome: string; cliente: string; disponibilidade_pct: number }[];
}

interface Dependencies {
  work: UnitOfWork;
  series: Pick<SeriesStore, 'buckets' | 'lastSeen'>;
  heartbeatIntervalMs: number;
}

export type Disponibilidade = ReturnType<typeof createDisponibilidade>;

export function createDisponibilidade({ work, series, heartbeatIntervalMs }: Dependencies) {
  async function percentOf(id: string, from: number, to: number): Promise<number | null> {
    const availability = createAvailability(from, to, heartbeatIntervalMs);
    const before = from - vouchedMs(heartbeatIntervalMs);
    for await (const buckets of series.buckets(id, before, to, 'hora')) {
      for (const bucket of buckets) availability.add(bucket);
    }
    return availability.percent();
  }

  return {
    /** Every active machine that was ever heard, between two moments in epoch milliseconds. Lets others work between machines. */
    async daFrota(from: number, to: number): Promise<DisponibilidadeDaFrota> {
      let coveredMs = 0;
      let totalMs = 0;
      const piores: DisponibilidadeDaFrota['piores'] = [];
      for await (const { id, nome, cliente, criado_em } of activeMachines(work.reader)) {
        const since = Math.max(from, criado_em);
        if (since >= to || series.lastSeen(id) === null) continue;
        const percent = await percentOf(id, since, to);
        if (percent === null) continue;
        coveredMs += (percent / 100) * (to - since);
        totalMs += to - since;
        if (percent === 100) continue;
        piores.push({ id, nome, cliente, disponibilidade_pct: percent });
        piores.sort((a, b) => a.disponibilidade_pct - b.disponibilidade_pct);
        piores.length = Math.min(piores.length, worstShown);
      }
      return { media_pct: totalMs === 0 ? null : Math.round((coveredMs / totalMs) * 10_000) / 100, piores };
    },
  };
}

async function* activeMachines(reader: Db) {
  let last = '';
  while (true) {
    const rows = await reader
      .selectFrom('maquinas')
      .innerJoin('clientes', 'clientes.id', 'maquinas.cliente_id')
      .select(['maquinas.id', 'maquinas.nome', 'clientes.nome as cliente', 'maquinas.criado_em'])
      .where('maquinas.ativa', '=', 1)
      .where('maquinas.id', '>', last)
      .orderBy('maquinas.id')
      .limit(machinesPerPage)
      .execute();
    yield* rows;
    if (rows.length < machinesPerPage) return;
    last = rows.at(-1)?.id ?? last;
  }
}
