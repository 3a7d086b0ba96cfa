/** Who is about to leave: scores every customer and keeps why. */

import { type Actor, authorize, systemActor } from '../../core/actor';
import { type Clock, rfc3339 } from '../../core/clock';
import type { Page, PageRequest } from '../../core/page';
import { Problem } from '../../core/problem';
import type { Tx, UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { findCliente } from '../clientes/clientes.store';
import { type Activity, activityMs, createActivity } from './atividade.model';
import {
  type Churn,
  classesOf,
  customersAfter,
  deleteChurnOfLeft,
  findChurn,
  listChurn,
  saveChurn,
} from './churn.store';
import { type Classe, classOf, suggestionsFor } from './fatores.model';
import type { LoadedModel } from './inferencia.service';
import type { Modelos } from './modelos.service';
import { explainAll, rowsOf } from './pontuacao.model';
import { medianMonthlyCentavos, retratosAt, retratosMax } from './retratos.store';

/** What the store of heartbeats tells of the past. */
export interface HeartbeatHistory {
  buckets(
    maquinaId: string,
    fromMs: number,
    toMs: number,
    finest: 'hora',
  ): AsyncIterable<readonly { em: number; spanMs: number; rollup: { count: number } }[]>;
}

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  modelos: Modelos;
  series: HeartbeatHistory;
}

export type ChurnService = ReturnType<typeof createChurn>;

export interface ChurnRun {
  clientes: number;
  /** Customers whose risk has become high or critical with this run. */
  novos_em_risco: number;
  modelo: string;
}

export function createChurn({ work, clock, modelos, series }: Dependencies) {
  let running: Promise<ChurnRun> | null = null;

  /** How much a machine was heard in the four weeks before a moment. */
  async function activity(maquinaId: string, at: number): Promise<Activity> {
    const weeks = createActivity(at);
    for await (const buckets of series.buckets(maquinaId, at - activityMs, at + 1, 'hora')) {
      for (const { em, spanMs, rollup } of buckets) weeks.add({ em, spanMs, count: rollup.count });
    }
    return weeks.result();
  }

  async function scoreAll(signal: AbortSignal | null): Promise<ChurnRun> {
    const { nome, modelo } = await modelos.load();
    const run: ChurnRun = { clientes: 0, novos_em_risco: 0, modelo: nome };
    try {
      const median = await medianMonthlyCentavos(work.reader);
      for (let last = ''; !signal?.aborted; ) {
        const ids = await customersAfter(work.reader, last, retratosMax);
        const end = ids.at(-1);
        if (end === undefined) break;
        const scores = await scoreSome(ids, { nome, modelo, median });
        run.clientes += scores.length;
        run.novos_em_risco += await save(scores);
        last = end;
      }
      await work.write(systemActor('churn'), (tx) => deleteChurnOfLeft(tx.db));
    } finally {
      await modelo.release();
    }
    return run;
  }

  async function scoreSome(
    ids: readonly string[],
    { nome, modelo, median }: { nome: string; modelo: LoadedModel; median: number },
  ): Promise<Churn[]> {
    const now = clock.now();
    const retratos = await retratosAt(work.reader, ids, now, median, { activity });
    const rows = rowsOf(modelo.ensemble.features, [...retratos.values()]);
    const probabilities = await modelo.probabilities(rows);
    const explained = explainAll(modelo.ensemble, modelo.explainer, [...retratos.values()], rows, probabilities);
    return [...retratos.keys()].flatMap((cliente_id, index) => {
      const one = explained[index];
      if (!one) return [];
      const classe = classOf(one.probabilidade);
      return [{ cliente_id, ...one, classe, sugestoes: suggestionsFor(one.fatores), modelo: nome, calculado_em: now }];
    });
  }

  /** @returns how many have become a high risk. */
  async function save(scores: readonly Churn[]): Promise<number> {
    return work.write(systemActor('churn'), async (tx) => {
      const before = await classesOf(
        tx.db,
        scores.map(({ cliente_id }) => cliente_id),
      );
      await saveChurn(tx.db, scores);
      const risen = scores.filter((score) => isHigh(score.classe) && !isHigh(before.get(score.cliente_id) ?? 'baixo'));
      for (const score of risen) await recordRisk(tx, score, before.get(score.cliente_id) ?? null);
      return risen.length;
    });
  }

  return {
    /** Scores every customer who has not left; a run under way is joined. */
    async executar(actor: Actor, signal: AbortSignal | null = null): Promise<ChurnRun> {
      authorize(actor, 'ml:executar');
      running ??= scoreAll(signal).finally(() => {
        running = null;
      });
      return running;
    },

    async listar(
      actor: Actor,
      page: PageRequest,
      filter: { classe?: Classe | undefined },
    ): Promise<Page<Churn & { nome: string }>> {
      authorize(actor, 'ml:ler');
      return listChurn(work.reader, page, filter);
    },

    /** The score of one customer; worked out now when there is none yet. @throws Problem NAO_ENCONTRADO */
    async obter(actor: Actor, clienteId: string): Promise<Churn> {
      authorize(actor, 'ml:ler');
      const known = await findChurn(work.reader, clienteId);
      if (known) return known;
      const cliente = await findCliente(work.reader, clienteId);
      if (!cliente) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há cliente com este id.' });
      if (cliente.status === 'cancelado') {
        throw new Problem('NAO_ENCONTRADO', { detalhe: 'O cliente já cancelou: não há risco a calcular.' });
      }
      const { nome, modelo } = await modelos.load();
      try {
        const median = await medianMonthlyCentavos(work.reader);
        const [score] = await scoreSome([clienteId], { nome, modelo, median });
        if (!score) throw new Problem('NAO_ENCONTRADO', { detalhe: 'Não há cliente com este id.' });
        return score;
      } finally {
        await modelo.release();
      }
    },

    activity,
  };
}

function isHigh(classe: Classe): boolean {
  return classe === 'alto' || classe === 'critico';
}

async function recordRisk(tx: Tx, score: Churn, before: Classe | null): Promise<void> {
  const { cliente_id, probabilidade, classe, fatores, sugestoes } = score;
  await tx.record({
    acao: 'avaliar_risco',
    entidade: 'cliente',
    entidadeId: cliente_id,
    antes: before === null ? null : { classe: before },
    depois: { classe, probabilidade, calculado_em: rfc3339(score.calculado_em) },
    eventos: [
      {
        tipo: 'churn.risco_alto',
        entidade: 'cliente',
        entidadeId: cliente_id,
        dados: { cliente_id, probabilidade, classe, fatores: fatores.slice(0, 3).map(({ texto }) => texto), sugestoes },
      },
    ],
  });
}
