/**
 * Trains on the installation's own history, judges by what came later, and puts into use only what beats the present model
 * on both AUC and Brier there.
 */

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Actor, authorize } from '../../core/actor';
import type { Clock } from '../../core/clock';
import { Problem } from '../../core/problem';
import type { UnitOfWork } from '../../storage/sqlite/unit-of-work';
import { auc, brier, calibration } from './acerto.model';
import { type Ensemble, type Rows, rowCount, scores, sigmoid } from './arvores.model';
import type { Activity } from './atividade.model';
import { boostingRounds } from './boosting.model';
import { caracteristicasProprias, type Retrato } from './caracteristicas.model';
import { cartaoProprio } from './cartao.view';
import type { Modelos } from './modelos.service';
import type { Metricas, Modelo } from './modelos.store';
import { passagens } from './passagens.store';
import { explainAll, rowsOf } from './pontuacao.model';
import { medianMonthlyCentavos, retratosAt, retratosMax } from './retratos.store';
import { type Exemplo, examplesAt, missingHistory, momentsOf, splitByTime } from './treino.model';

const calibrationGroups = 10;

interface Dependencies {
  work: UnitOfWork;
  clock: Clock;
  modelos: Modelos;
  activity(maquinaId: string, at: number): Promise<Activity>;
}

/** What training came to. */
export interface Treino {
  modelo: Modelo;
  /** Whether it is in use from now on. */
  ativado: boolean;
  novo: Metricas;
  /** The model in use before, on the same customers. */
  atual: Metricas;
}

export type TreinoService = ReturnType<typeof createTreino>;

/** Customers at past moments, as rows beside what came of them. */
interface Known {
  retratos: Retrato[];
  saiu: number[];
}

export function createTreino({ work, clock, modelos, activity }: Dependencies) {
  let running: Promise<Treino> | null = null;

  async function train(actor: Actor): Promise<Treino> {
    // 1. The history, divided by time.
    const now = clock.now();
    const known = await passagens(work.reader);
    const moments = momentsOf(known, now);
    const sets = splitByTime(
      moments,
      moments.flatMap((at) => examplesAt(known, at)),
    );
    const missing = missingHistory(known, sets);
    if (missing !== null) throw new Problem('HISTORICO_INSUFICIENTE', { detalhe: missing });
    // 2. What was known then.
    const treino = await recall(sets.treino);
    const teste = await recall(sets.teste);
    const features = [...caracteristicasProprias];
    const ensemble = await fit(features, rowsOf(features, treino.retratos), treino.saiu);
    // 3. Both models judged by what came later.
    const novo = judge(scores(ensemble, rowsOf(features, teste.retratos)).map(sigmoid), teste.saiu);
    const present = await modelos.load();
    const atual = await presentOn(present.modelo, teste).finally(() => present.modelo.release());
    const ativado = novo.auc > atual.auc && novo.brier < atual.brier;
    // 4. Kept, whatever came of it; in use only when it is better.
    const { toOnnx } = await import('./onnx.model');
    const arquivo = toOnnx(ensemble, 'narcidicontrol');
    const modelo = await modelos.guardar(
      actor,
      {
        origem: 'história desta instalação',
        dadosSha256: createHash('sha256').update(JSON.stringify(sets.treino)).digest('hex'),
        linhas: treino.saiu.length,
        metricas: novo,
        cartao: cartaoProprio({ exemplos: treino.saiu.length, clientes: known.length, novo, atual, ativado }),
        arquivo,
      },
      ativado,
    );
    return { modelo, ativado, novo, atual };
  }

  async function recall(examples: readonly Exemplo[]): Promise<Known> {
    const median = await medianMonthlyCentavos(work.reader);
    const known: Known = { retratos: [], saiu: [] };
    for (const [at, ofMoment] of Map.groupBy(examples, (example) => example.at)) {
      for (let from = 0; from < ofMoment.length; from += retratosMax) {
        const some = ofMoment.slice(from, from + retratosMax);
        const retratos = await retratosAt(
          work.reader,
          some.map(({ id }) => id),
          at,
          median,
          { activity },
        );
        for (const { id, saiu } of some) {
          const retrato = retratos.get(id);
          if (!retrato) continue;
          known.retratos.push(retrato);
          known.saiu.push(saiu);
        }
        await nextTurn();
      }
    }
    return known;
  }

  return {
    /**
     * Trains now; a training under way is joined.
     * @throws Problem HISTORICO_INSUFICIENTE, saying what is missing
     */
    async treinar(actor: Actor): Promise<Treino> {
      authorize(actor, 'ml:executar');
      running ??= train(actor).finally(() => {
        running = null;
      });
      return running;
    },
  };
}

/** Tree by tree, letting other work go on between two of them. */
async function fit(features: string[], rows: Rows, labels: readonly number[]): Promise<Ensemble> {
  const rounds = boostingRounds(features, rows, labels);
  for (;;) {
    const { done, value } = rounds.next();
    if (done) return value;
    await nextTurn();
  }
}

async function presentOn(
  modelo: Awaited<ReturnType<Modelos['load']>>['modelo'],
  { retratos, saiu }: Known,
): Promise<Metricas> {
  const rows = rowsOf(modelo.ensemble.features, retratos);
  const answers = rowCount(rows) === 0 ? [] : await modelo.probabilities(rows);
  const explained = explainAll(modelo.ensemble, modelo.explainer, retratos, rows, answers);
  return judge(
    explained.map(({ probabilidade }) => probabilidade),
    saiu,
  );
}

function judge(probabilities: ArrayLike<number>, labels: readonly number[]): Metricas {
  return {
    metodo: 'treinado no passado, julgado no que veio depois',
    auc: auc(probabilities, labels),
    brier: brier(probabilities, labels),
    calibracao: calibration(probabilities, labels, calibrationGroups),
  };
}
