/** What a machine's page shows: its series and how much of the time it was there. */

import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import { invalidField } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import {
  createAvailability,
  createChart,
  createTendencia,
  type MachineSeries,
  type Span,
  spanOf,
  tendenciasMax,
  vouchedMs,
} from './dashboard.model';
import { clockAheadMsMax } from './heartbeat.model';
import type { MaquinaComLicenca } from './maquinas.model';
import { existingMaquinas, getMaquina } from './maquinas.store';
import type { Bucket, Resolucao, SeriesStore } from './series.store';

interface Dependencies {
  work: UnitOfWork;
  series: SeriesStore;
  clock: Clock;
  heartbeatIntervalMs: number;
  /** What was unusual of a machine between two moments, oldest first. */
  anomalias(maquinaId: string, fromMs: number, toMs: number): Promise<AnomaliaMarcada[]>;
}

/** A point to be marked in a chart. */
export interface AnomaliaMarcada {
  em: number;
  metrica: string;
  valor: number;
  pontuacao: number;
  texto: string;
}

export type PainelMaquina = ReturnType<typeof createPainelMaquina>;

export interface MachineDashboard {
  found: MaquinaComLicenca;
  span: Span;
  disponibilidade: number | null;
  series: MachineSeries;
  anomalias: AnomaliaMarcada[];
}

/** A range of time, epoch milliseconds. Without an end it ends now; without a beginning it is `lastMs` long. */
export interface TimeRange {
  de: number | null;
  ate: number | null;
  lastMs: number;
}

export function createPainelMaquina({ work, series, clock, heartbeatIntervalMs, anomalias }: Dependencies) {
  return {
    /**
     * The machine over a range, in at most 500 points a series. What is before the machine's registration is shown but counts
     * neither as there nor as down.
     * @throws Problem VALIDACAO when the range ends before it begins.
     */
    async dashboard(actor: Actor, id: string, range: TimeRange): Promise<MachineDashboard> {
      authorize(actor, 'maquinas:ler');
      const now = clock.now();
      const { from, to } = momentsOf(range, now);
      const found = await getMaquina(work.reader, id);
      // Heartbeats up to five minutes ahead are accepted, so they are shown too.
      const readTo = range.ate === null ? to + clockAheadMsMax : to;
      const span = spanOf(from, readTo);
      const chart = createChart(span);
      const since = Math.max(from, found.maquina.criado_em);
      const availability = createAvailability(since, Math.min(to, now), heartbeatIntervalMs);
      // The heartbeat before the range vouches for its beginning.
      const readFrom = Math.min(from, since - vouchedMs(heartbeatIntervalMs));
      for await (const buckets of series.buckets(id, readFrom, readTo, span.finest)) {
        for (const bucket of buckets) {
          availability.add(bucket);
          if (bucket.em >= from || bucket.em + bucket.spanMs > from) chart.add(bucket);
        }
      }
      const marcadas = await anomalias(id, from, readTo);
      return { found, span, series: chart.series(), disponibilidade: availability.percent(), anomalias: marcadas };
    },

    /**
     * The last hour of several machines, for the rows of a table; of those that are not there nothing.
     * @throws Problem VALIDACAO for more than a hundred.
     */
    async tendencias(actor: Actor, ids: readonly string[]): Promise<{ id: string; cpu: (number | null)[] }[]> {
      authorize(actor, 'maquinas:ler');
      if (ids.length > tendenciasMax) throw invalidField('ids', `no máximo ${tendenciasMax} máquinas`);
      const existing = await existingMaquinas(work.reader, ids);
      const now = clock.now();
      const found: { id: string; cpu: (number | null)[] }[] = [];
      for (const id of existing) {
        const tendencia = createTendencia(now);
        for await (const buckets of series.buckets(id, tendencia.fromMs, now, 'minuto')) {
          for (const bucket of buckets) tendencia.add(bucket);
        }
        found.push({ id, cpu: tendencia.cpu() });
      }
      return found;
    },

    /**
     * What is stored in a range, oldest first: each heartbeat where it is still there, then minutes, then hours.
     * @throws Problem VALIDACAO when the range ends before it begins.
     */
    async stored(
      actor: Actor,
      id: string,
      range: TimeRange,
      finest: Resolucao,
    ): Promise<{ names: readonly string[]; buckets: AsyncIterable<readonly Bucket[]> }> {
      authorize(actor, 'maquinas:ler');
      const { from, to } = momentsOf(range, clock.now());
      await getMaquina(work.reader, id);
      return { names: series.extraNames(id), buckets: series.buckets(id, from, to, finest) };
    },
  };
}

/** @throws Problem VALIDACAO */
function momentsOf({ de, ate, lastMs }: TimeRange, now: number): { from: number; to: number } {
  const to = ate ?? now;
  const from = de ?? to - lastMs;
  if (from > to) throw invalidField(ate === null ? 'de' : 'ate', 'o fim vem antes do começo');
  return { from, to };
}
