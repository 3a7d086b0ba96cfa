import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { auc, brier, calibration } from '../../../src/modules/ml/acerto.model';
import { type Ensemble, rowCount, scores, sigmoid, toRows } from '../../../src/modules/ml/arvores.model';
import { boostingDefaults, trainBoosting } from '../../../src/modules/ml/boosting.model';
import { createExplainer } from '../../../src/modules/ml/contribuicoes.model';
import { fromOnnx, toOnnx } from '../../../src/modules/ml/onnx.model';

const features = ['tempo', 'preco', 'extras', 'ruido'];

/** Customers who leave by tempo and preco together, some values missing; from a seed. */
function customers(count: number, seed = 7) {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const table = Array.from({ length: count }, () => [
    Math.floor(random() * 60),
    random() < 0.1 ? Number.NaN : random() * 3,
    Math.floor(random() * 6),
    random(),
  ]);
  const labels = table.map(([tempo = 0, preco = 0]) => {
    const score = 1.5 - tempo / 15 + (Number.isNaN(preco) ? 1 : preco - 1.5);
    return random() < sigmoid(score) ? 1 : 0;
  });
  return { rows: toRows(table, features.length), labels };
}

const small = { ...boostingDefaults, trees: 40, learningRate: 0.2 };
const { rows, labels } = customers(1_000);
const model = trainBoosting(features, rows, labels, small);

describe('boosted trees', () => {
  test('rank better than chance what they have not seen, and mean what they say', () => {
    const unseen = customers(2_000, 99);
    const probabilities = scores(model, unseen.rows).map(sigmoid);
    expect(auc(probabilities, unseen.labels)).toBeGreaterThan(0.8);
    for (const { prevista, observada } of calibration(probabilities, unseen.labels, 4)) {
      expect(Math.abs(prevista - observada)).toBeLessThan(0.08);
    }
  });

  test('are the same for the same rows and seed, others for another seed', () => {
    expect(trainBoosting(features, rows, labels, small)).toEqual(model);
    expect(trainBoosting(features, rows, labels, { ...small, seed: 2 })).not.toEqual(model);
  });

  test.each([
    ['no rows', toRows([], 4), []],
    ['one outcome only', rows, labels.map(() => 1)],
    ['fewer labels than rows', rows, labels.slice(1)],
  ])('refuse %s', (_, given, outcomes) => {
    expect(() => trainBoosting(features, given, outcomes)).toThrow(RangeError);
  });

  test('absurd and constant columns do no harm', () => {
    const table = Array.from({ length: 200 }, (_, index) => [index % 2 ? 1e30 : -1e30, 5, Number.NaN]);
    const trained = trainBoosting(
      ['a', 'b', 'c'],
      toRows(table, 3),
      table.map((_, index) => (index % 3 === 0 ? 1 : 0)),
      small,
    );
    expect(scores(trained, toRows(table, 3)).every(Number.isFinite)).toBe(true);
  });
});

describe('as ONNX', () => {
  test('onnxruntime answers what the trainer does, to 1e-5, missing values included', async () => {
    const session = await InferenceSession.create(toOnnx(model, 'test'));
    const { probabilidade } = await session.run({ x: new Tensor('float32', rows.values, [rowCount(rows), 4]) });
    await session.release();
    const expected = scores(model, rows).map(sigmoid);
    const answered = Array.from(probabilidade?.data as Float32Array);
    expect(answered).toHaveLength(1_000);
    for (const [index, probability] of answered.entries()) {
      expect(Math.abs(probability - (expected[index] ?? Number.NaN))).toBeLessThan(1e-5);
    }
  });

  test('reads back as it was', () => {
    const read = fromOnnx(toOnnx(model, 'test'));
    expect(read.features).toEqual(features);
    expect([...scores(read, rows)]).toEqual([...scores(model, rows)]);
    expect(createExplainer(read)(rows).expected).toBeCloseTo(createExplainer(model)(rows).expected, 12);
  });

  test('bytes that are no such model are refused, whatever they are', () => {
    const good = toOnnx(model, 'test');
    expect(() => fromOnnx(new Uint8Array())).toThrow(RangeError);
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bad = Uint8Array.from(good);
        bad[at] = (bad[at] ?? 0) ^ change;
        try {
          // What still reads must still answer: no way through a tree may lead nowhere or round in circles.
          scores(fromOnnx(bad), rows);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 300 },
    );
    for (let length = 0; length < good.length; length += 997) {
      expect(() => fromOnnx(good.subarray(0, length))).toThrow(RangeError);
    }
  });
});

describe('contributions', () => {
  test('add up to the score', () => {
    const { expected, values } = createExplainer(model)(rows);
    for (const [row, score] of scores(model, rows).entries()) {
      const sum = values.subarray(row * 4, row * 4 + 4).reduce((total, value) => total + value, expected);
      expect(sum).toBeCloseTo(score, 9);
    }
  });

  test('are the Shapley values, worked out over all orders of the features', () => {
    const deep = trainBoosting(features, rows, labels, { ...small, trees: 3, depthMax: 3 });
    const { values } = createExplainer(deep)(rows);
    for (let row = 0; row < 5; row += 1) {
      const brute = bruteShapley(deep, rows.values.subarray(row * 4, row * 4 + 4));
      for (const [feature, value] of brute.entries()) expect(values[row * 4 + feature]).toBeCloseTo(value, 9);
    }
  });

  test('a feature that no tree asks for has none', () => {
    const blind: Ensemble = { ...model, features: [...features, 'nunca'] };
    const wide = toRows([[1, 2, 3, 4, 5]], 5);
    expect(createExplainer(blind)(wide).values[4]).toBe(0);
  });
});

describe('figures of merit', () => {
  test('AUC and Brier by their definition', () => {
    const ofDefinition = (p: number[], y: number[]): number => {
      let [wins, pairs] = [0, 0];
      for (const [i, one] of y.entries()) {
        for (const [j, other] of y.entries()) {
          if (one !== 1 || other !== 0) continue;
          pairs += 1;
          const [a = 0, b = 0] = [p[i], p[j]];
          wins += a > b ? 1 : a === b ? 0.5 : 0;
        }
      }
      return wins / pairs;
    };
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 1 })), { minLength: 2 });
    fc.assert(
      fc.property(pairs, (drawn) => {
        const p = drawn.map(([score]) => score / 5);
        const y = drawn.map(([, label]) => label);
        fc.pre(y.includes(0) && y.includes(1));
        expect(auc(p, y)).toBeCloseTo(ofDefinition(p, y), 12);
      }),
    );
    expect(brier([0, 1, 0.5], [0, 1, 1])).toBeCloseTo(0.25 / 3, 12);
  });
});

/** The mean gain of each feature over every order in which the features could become known. */
function bruteShapley(ensemble: Ensemble, row: Float32Array): number[] {
  const known = (subset: Set<number>): number => {
    const walk = (tree: Ensemble['trees'][number], node: number): number => {
      const feature = tree.feature[node] ?? -1;
      if (feature < 0) return tree.value[node] ?? 0;
      const [left, right] = [tree.left[node] ?? 0, tree.right[node] ?? 0];
      if (subset.has(feature)) {
        const value = row[feature] ?? Number.NaN;
        const goesLeft = Number.isNaN(value) ? tree.missingLeft[node] : value <= (tree.threshold[node] ?? 0);
        return walk(tree, goesLeft ? left : right);
      }
      const share = (tree.cover[left] ?? 0) / (tree.cover[node] ?? 1);
      return share * walk(tree, left) + (1 - share) * walk(tree, right);
    };
    return ensemble.trees.reduce((sum, tree) => sum + walk(tree, 0), 0);
  };
  const orders = permutations(ensemble.features.map((_, index) => index));
  const result = ensemble.features.map(() => 0);
  for (const order of orders) {
    const subset = new Set<number>();
    for (const feature of order) {
      const before = known(subset);
      subset.add(feature);
      result[feature] = (result[feature] ?? 0) + (known(subset) - before) / orders.length;
    }
  }
  return result;
}

function permutations(items: number[]): number[][] {
  if (items.length <= 1) return [items];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}
