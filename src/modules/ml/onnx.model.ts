/**
 * An ensemble as an ONNX graph and back: ai.onnx.ml TreeEnsembleRegressor, which answers log-odds, and Sigmoid. Input `x`
 * (float32, rows x features), output `probabilidade` (float32, rows x 1). How many training rows reached each node stands in
 * `nodes_hitrates`, the names of the features in the model's properties: the file is all that explanations need.
 */

import proto from 'onnx-proto';
import { type Ensemble, emptyTree, type Tree } from './arvores.model';

const { onnx } = proto;
const irVersion = 8;
const opset = 17;
const mlOpset = 3;
const featuresKey = 'caracteristicas';
const regressorType = 'TreeEnsembleRegressor';
const nodesMax = 1_000_000;
const { FLOATS, INT, INTS, STRING, STRINGS } = onnx.AttributeProto.AttributeType;

/** The model's bytes. @param producedBy what made it, kept in the file. */
export function toOnnx({ features, base, trees }: Ensemble, producedBy: string): Uint8Array {
  const nodes = { tree: [] as number[], node: [] as number[], feature: [] as number[], threshold: [] as number[] };
  const ways = {
    left: [] as number[],
    right: [] as number[],
    mode: [] as string[],
    missingLeft: [] as number[],
    cover: [] as number[],
  };
  const leaves = { tree: [] as number[], node: [] as number[], target: [] as number[], weight: [] as number[] };
  for (const [index, tree] of trees.entries()) {
    for (const [node, feature] of tree.feature.entries()) {
      const leaf = feature < 0;
      nodes.tree.push(index);
      nodes.node.push(node);
      nodes.feature.push(leaf ? 0 : feature);
      nodes.threshold.push(tree.threshold[node] ?? 0);
      ways.left.push(leaf ? 0 : (tree.left[node] ?? 0));
      ways.right.push(leaf ? 0 : (tree.right[node] ?? 0));
      ways.mode.push(leaf ? 'LEAF' : 'BRANCH_LEQ');
      ways.missingLeft.push(!leaf && tree.missingLeft[node] ? 1 : 0);
      ways.cover.push(tree.cover[node] ?? 0);
      if (!leaf) continue;
      leaves.tree.push(index);
      leaves.node.push(node);
      leaves.target.push(0);
      leaves.weight.push(tree.value[node] ?? 0);
    }
  }
  const regressor = {
    opType: regressorType,
    domain: 'ai.onnx.ml',
    input: ['x'],
    output: ['pontos'],
    attribute: [
      ints('nodes_treeids', nodes.tree),
      ints('nodes_nodeids', nodes.node),
      ints('nodes_featureids', nodes.feature),
      floats('nodes_values', nodes.threshold),
      strings('nodes_modes', ways.mode),
      ints('nodes_truenodeids', ways.left),
      ints('nodes_falsenodeids', ways.right),
      ints('nodes_missing_value_tracks_true', ways.missingLeft),
      floats('nodes_hitrates', ways.cover),
      ints('target_treeids', leaves.tree),
      ints('target_nodeids', leaves.node),
      ints('target_ids', leaves.target),
      floats('target_weights', leaves.weight),
      { name: 'n_targets', type: INT, i: 1 },
      { name: 'aggregate_function', type: STRING, s: Buffer.from('SUM') },
      { name: 'post_transform', type: STRING, s: Buffer.from('NONE') },
      floats('base_values', [base]),
    ],
  };
  const model = onnx.ModelProto.create({
    irVersion,
    producerName: producedBy,
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'ai.onnx.ml', version: mlOpset },
    ],
    metadataProps: [{ key: featuresKey, value: JSON.stringify(features) }],
    graph: {
      name: 'churn',
      node: [regressor, { opType: 'Sigmoid', input: ['pontos'], output: ['probabilidade'] }],
      input: [tensor('x', features.length)],
      output: [tensor('probabilidade', 1)],
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

/**
 * The ensemble in a file that `toOnnx` wrote.
 * @throws RangeError for bytes that are no such model, or one whose trees do not hold together.
 */
export function fromOnnx(bytes: Uint8Array): Ensemble {
  const model = decode(bytes);
  const features = featureNames(model.metadataProps.find(({ key }) => key === featuresKey)?.value);
  const regressor = model.graph?.node?.find(({ opType }) => opType === regressorType);
  const attribute = (name: string) => regressor?.attribute?.find((one) => one.name === name);
  const numbers = (name: string): number[] => {
    const found = attribute(name);
    return (found?.ints?.length ? found.ints.map(Number) : found?.floats) ?? [];
  };
  const modes = (attribute('nodes_modes')?.strings ?? []).map((mode) => Buffer.from(mode).toString());
  const treeIds = numbers('nodes_treeids');
  if (treeIds.length === 0 || treeIds.length > nodesMax || modes.length !== treeIds.length) throw wrong('no trees');
  const of = {
    feature: numbers('nodes_featureids'),
    threshold: numbers('nodes_values'),
    left: numbers('nodes_truenodeids'),
    right: numbers('nodes_falsenodeids'),
    missingLeft: numbers('nodes_missing_value_tracks_true'),
    cover: numbers('nodes_hitrates'),
  };
  const trees: Tree[] = [];
  for (const [at, id] of treeIds.entries()) {
    if (id === trees.length) trees.push(emptyTree());
    const tree = trees[id];
    if (!tree) throw wrong('trees out of order');
    const leaf = modes[at] === 'LEAF';
    tree.feature.push(leaf ? -1 : (of.feature[at] ?? -1));
    tree.threshold.push(of.threshold[at] ?? 0);
    tree.missingLeft.push(of.missingLeft[at] === 1);
    tree.left.push(leaf ? -1 : (of.left[at] ?? -1));
    tree.right.push(leaf ? -1 : (of.right[at] ?? -1));
    tree.value.push(0);
    tree.cover.push(of.cover[at] ?? 0);
  }
  const leafNodes = numbers('target_nodeids');
  const weights = numbers('target_weights');
  for (const [at, id] of numbers('target_treeids').entries()) {
    const tree = trees[id];
    const node = leafNodes[at];
    if (!tree || node === undefined || tree.value[node] === undefined) throw wrong('a leaf without a tree');
    tree.value[node] = weights[at] ?? 0;
  }
  for (const tree of trees) checkTree(tree, features.length);
  return { features, base: numbers('base_values')[0] ?? 0, trees };
}

function decode(bytes: Uint8Array) {
  try {
    return onnx.ModelProto.decode(bytes);
  } catch (error) {
    throw new RangeError('not an ONNX file', { cause: error });
  }
}

function featureNames(text: string | null | undefined): string[] {
  try {
    const names: unknown = JSON.parse(text ?? '');
    if (Array.isArray(names) && names.length > 0 && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // No list: the same as a list of the wrong kind, below.
  }
  throw wrong('no names of features');
}

/** Every way through a tree ends in a leaf: children come after their node, so that no way leads back. */
function checkTree(tree: Tree, features: number): void {
  for (const [node, feature] of tree.feature.entries()) {
    if (!Number.isFinite(tree.value[node]) || !Number.isFinite(tree.threshold[node]))
      throw wrong('a number is missing');
    if (feature < 0) continue;
    const children = [tree.left[node] ?? -1, tree.right[node] ?? -1];
    const sound = children.every((child) => child > node && child < tree.feature.length);
    if (feature >= features || !sound) throw wrong('a split leads nowhere');
  }
}

function wrong(reason: string): RangeError {
  return new RangeError(`not a model of this program: ${reason}`);
}

function ints(name: string, values: number[]) {
  return { name, type: INTS, ints: values };
}

function floats(name: string, values: number[]) {
  return { name, type: FLOATS, floats: values };
}

function strings(name: string, values: string[]) {
  return { name, type: STRINGS, strings: values.map((value) => Buffer.from(value)) };
}

/** A table of 32-bit numbers with any number of rows. */
function tensor(name: string, columns: number) {
  const shape = { dim: [{ dimParam: 'linhas' }, { dimValue: columns }] };
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape } } };
}
