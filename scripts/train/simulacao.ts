/**
 * Proves training on an installation's own history: `bun scripts/train/simulacao.ts`.
 *
 * 5,000 customers over 24 months leave for reasons that only the simulator knows. The trainer sees what a server would have
 * seen, is judged by what came later, and has to name the reason of those who left. Seeded: every run prints the same.
 */

import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { dayMs } from '../../src/core/clock';
import { auc, brier } from '../../src/modules/ml/acerto.model';
import { scores, sigmoid } from '../../src/modules/ml/arvores.model';
import { trainBoosting } from '../../src/modules/ml/boosting.model';
import { caracteristicasProprias, type Retrato } from '../../src/modules/ml/caracteristicas.model';
import { createExplainer } from '../../src/modules/ml/contribuicoes.model';
import { explainAll, rowsOf } from '../../src/modules/ml/pontuacao.model';
import {
  type Exemplo,
  examplesAt,
  horizonMs,
  momentsOf,
  type Passagem,
  splitByTime,
} from '../../src/modules/ml/treino.model';

const customers = 5_000;
const days = 730;
const end = Date.UTC(2026, 0, 1);
const start = end - days * dayMs;
const random = xoroshiro128plus(2_026);
const draw = (): number => uniformFloat64(random);

/** Why a customer may leave, and the columns in which it shows. */
const drivers = {
  silencio: ['maquinas_silenciosas', 'dias_de_silencio', 'tendencia_de_uso', 'maquinas'],
  atraso: ['faturas_vencidas', 'dias_de_atraso'],
  preco: ['preco_relativo'],
  versoes: ['versoes_atras'],
  recusas: ['recusas'],
} as const;
type Driver = keyof typeof drivers;
const driverNames = Object.keys(drivers) as Driver[];

interface Customer {
  id: string;
  desde: number;
  ate: number | null;
  driver: Driver | null;
  /** When its trouble begins. */
  troubleAt: number;
  /** The reason that moved it when it left. */
  leftFor: Driver | null;
  machines: number;
  price: number;
  months: number;
  automatic: boolean;
  extras: number;
}

const people: Customer[] = Array.from({ length: customers }, (_, index) => newCustomer(String(index)));
for (const customer of people) live(customer);

function newCustomer(id: string): Customer {
  const desde = start + Math.floor(draw() * days * 0.7) * dayMs;
  const driver = draw() < 0.45 ? (driverNames[Math.floor(draw() * driverNames.length)] ?? null) : null;
  return {
    id,
    desde,
    ate: null,
    driver,
    troubleAt: desde + Math.floor(60 + draw() * 400) * dayMs,
    leftFor: null,
    machines: 1 + Math.floor(draw() * 12),
    price: driver === 'preco' ? 2 + draw() : 0.5 + draw(),
    months: [1, 1, 1, 3, 12][Math.floor(draw() * 5)] ?? 1,
    automatic: draw() < 0.5,
    extras: Math.floor(draw() * 5),
  };
}

/** Leaves day by day with the chance that its state gives. */
function live(customer: Customer): void {
  for (let at = customer.desde; at < end; at += dayMs) {
    const { base, trouble } = hazard(customer, at);
    if (draw() >= base + trouble) continue;
    customer.ate = at;
    customer.leftFor = draw() < trouble / (base + trouble) ? customer.driver : null;
    return;
  }
}

/** The chance of leaving on a day: the ordinary one, and that of its trouble. */
function hazard(customer: Customer, at: number): { base: number; trouble: number } {
  const young = at - customer.desde < 120 * dayMs ? 1.6 : 1;
  const base = (0.00025 * young * (customer.months === 12 ? 0.4 : 1)) / (customer.automatic ? 1.3 : 1);
  if (customer.driver === null || at < customer.troubleAt) return { base, trouble: 0 };
  const age = Math.min(1, (at - customer.troubleAt) / (45 * dayMs));
  return { base, trouble: (customer.driver === 'preco' ? 0.006 : 0.012) * age };
}

/** What a server would have known of a customer, noise included. */
function portrait(customer: Customer, at: number): Retrato {
  const trouble = customer.driver !== null && at >= customer.troubleAt ? customer.driver : null;
  const age = trouble ? Math.min(1, (at - customer.troubleAt) / (45 * dayMs)) : 0;
  const silent = trouble === 'silencio' ? Math.ceil(customer.machines * age * 0.9) : draw() < 0.06 ? 1 : 0;
  const overdue = trouble === 'atraso' ? 1 + Math.floor(age * 3) : draw() < 0.08 ? 1 : 0;
  return {
    tempo_meses: (at - customer.desde) / (30.44 * dayMs),
    contrato_meses: customer.months,
    preco_relativo: customer.price,
    pagamento_automatico: Number(customer.automatic),
    extras: customer.extras,
    comportamento: {
      maquinas: customer.machines,
      maquinas_silenciosas: Math.min(silent, customer.machines),
      dias_de_silencio: trouble === 'silencio' ? 4 + Math.floor(age * 24) : silent * (4 + Math.floor(draw() * 4)),
      faturas_vencidas: overdue,
      dias_de_atraso: trouble === 'atraso' ? 3 + Math.floor(age * 60) : overdue * (1 + Math.floor(draw() * 9)),
      tendencia: Math.max(0, (trouble === 'silencio' ? 1 - age * 0.8 : 1) + (draw() - 0.5) * 0.3),
      versoes_atras: trouble === 'versoes' ? 2 + Math.floor(age * 5) : draw() < 0.15 ? 1 : 0,
      recusas: trouble === 'recusas' ? Math.floor(8 + age * 30) : draw() < 0.1 ? Math.floor(draw() * 4) : 0,
    },
  };
}

const byId = new Map(people.map((customer) => [customer.id, customer]));
const passagens: Passagem[] = people;
const moments = momentsOf(passagens, end);
const sets = splitByTime(
  moments,
  moments.flatMap((at) => examplesAt(passagens, at)),
);
const features = [...caracteristicasProprias];
const portraits = (examples: readonly Exemplo[]): Retrato[] =>
  examples.flatMap(({ id, at }) => {
    const customer = byId.get(id);
    return customer ? [portrait(customer, at)] : [];
  });

const began = performance.now();
const training = portraits(sets.treino);
const model = trainBoosting(
  features,
  rowsOf(features, training),
  sets.treino.map(({ saiu }) => saiu),
);
const trainedMs = performance.now() - began;
const judged = portraits(sets.teste);
const rows = rowsOf(features, judged);
const probabilities = scores(model, rows).map(sigmoid);
const outcome = sets.teste.map(({ saiu }) => saiu);
/** What somebody would say who knows every customer's present trouble and its chances, but not whose will begin. */
const omniscient = sets.teste.map(({ id, at }) => {
  const customer = byId.get(id);
  if (!customer) return 0;
  let stays = 1;
  for (let day = at; day < at + horizonMs; day += dayMs) {
    const { base, trouble } = hazard(customer, day);
    stays *= 1 - base - (customer.troubleAt <= at ? trouble : 0);
  }
  return 1 - stays;
});

const left = people.filter(({ ate }) => ate !== null).length;
console.log(`${customers} customers, ${left} left, ${sets.treino.length} rows taught and ${sets.teste.length} judged`);
console.log(`trained in ${trainedMs.toFixed(0)} ms`);
console.log(`AUC   ${auc(probabilities, outcome).toFixed(4)}, at best ${auc(omniscient, outcome).toFixed(4)}`);
console.log(`Brier ${brier(probabilities, outcome).toFixed(4)}, at best ${brier(omniscient, outcome).toFixed(4)}`);

const explained = explainAll(model, createExplainer(model), judged, rows, probabilities);
const named = new Map<Driver, { right: number; all: number }>(driverNames.map((name) => [name, { right: 0, all: 0 }]));
for (const [index, { id, at, saiu }] of sets.teste.entries()) {
  const customer = byId.get(id);
  // Who was in trouble already when asked, and left for it.
  if (saiu === 0 || !customer?.leftFor || customer.troubleAt > at) continue;
  const columns: readonly string[] = drivers[customer.leftFor];
  const first = explained[index]?.fatores.find(({ contribuicao }) => contribuicao > 0);
  const count = named.get(customer.leftFor);
  if (!count) continue;
  count.all += 1;
  if (first && columns.includes(first.nome)) count.right += 1;
}
let [right, all] = [0, 0];
for (const [driver, count] of named) {
  console.log(`  ${driver.padEnd(10)} named first for ${count.right} of ${count.all} who left for it`);
  right += count.right;
  all += count.all;
}
console.log(`the true reason is named first for ${((100 * right) / all).toFixed(1)} % of ${all}`);
