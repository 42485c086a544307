/**
 * Makes one product of several that multiply the same input by 4- or 8-bit weights (MatMulNBits): query, key and value,
 * which GroupQueryAttention takes as one, and the gate and the upper half of an MLP. A step of a small model is hundreds of
 * small operators; fewer of them took 9 % off a step of SmolLM2-135M on one thread, results equal to the last bit (a column of
 * a product knows nothing of the others).
 *
 * Only names are written: weights are joined by Concat nodes, which ONNX Runtime computes once when a version is published
 * (prepare-model.ts). A constant product that is added to each one, as conversions from GGUF have, is joined likewise.
 */
import {
  ADDED,
  GRAPH,
  type GraphNode,
  listOf,
  MODEL_GRAPH,
  node,
  numberOf,
  readNode,
  rewired,
  withNumber,
} from "./onnx-nodes.ts";
import { eachField, message, text } from "./protobuf.ts";

interface Member {
  readonly product: Placed;
  /** The product, plus another of constant weights. */
  readonly sum: { readonly add: Placed; readonly offset: Placed } | undefined;
  /** What others read. */
  readonly result: string;
  readonly columns: number;
}

interface Placed extends GraphNode {
  readonly at: number;
  readonly bytes: Uint8Array;
}

const MATMUL_N_BITS = { a: 0, b: 1, scales: 2, zeroPoints: 3 } as const;
const INITIALIZER_NAME = 8;

/** The model's bytes, changed; undefined where there is nothing to merge. */
export function mergedProjections(model: Uint8Array): Uint8Array | undefined {
  let merges = 0;
  const parts: Uint8Array[] = [];
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const others: Uint8Array[] = [];
    const nodes: Placed[] = [];
    const constants = new Set<string>();
    eachField(graph, (part, value, __, wholePart) => {
      if (part === GRAPH.node) nodes.push({ ...readNode(value), at: nodes.length, bytes: value });
      else others.push(wholePart);
      if (part === GRAPH.initializer) {
        eachField(value, (key, name) => void (key === INITIALIZER_NAME && constants.add(text(name))));
      }
    });
    const groups = groupsOf(nodes, constants);
    merges += groups.length;
    parts.push(message(MODEL_GRAPH, ...rewritten(nodes, groups), ...others));
  });
  return merges > 0 ? Buffer.concat(parts) : undefined;
}

function groupsOf(nodes: readonly Placed[], constants: ReadonlySet<string>): readonly (readonly Member[])[] {
  const readers = new Map<string, Placed[]>();
  const makers = new Map<string, Placed>();
  for (const one of nodes) {
    for (const input of one.inputs) readers.set(input, [...(readers.get(input) ?? []), one]);
    for (const output of one.outputs) makers.set(output, one);
  }
  const isConstant = (name: string | undefined): boolean => name !== undefined && constants.has(name);

  function memberOf(product: Placed): Member {
    const [output = ""] = product.outputs;
    const columns = numberOf(product.bytes, "N") ?? 0;
    const [add, ...more] = readers.get(output) ?? [];
    const offset = makers.get(add?.inputs.find((input) => input !== output) ?? "");
    const isSum =
      more.length === 0 &&
      add?.opType === "Add" &&
      offset?.opType === "MatMul" &&
      isConstant(offset.inputs[1]) &&
      readers.get(offset.outputs[0] ?? "")?.length === 1;
    if (!isSum || add === undefined || offset === undefined)
      return { product, sum: undefined, result: output, columns };
    return { product, sum: { add, offset }, result: add.outputs[0] ?? "", columns };
  }

  const byKind = new Map<string, Member[]>();
  for (const product of nodes) {
    const [input = "", weights, scales, zeroPoints = "", ...further] = product.inputs;
    const isPlain =
      product.opType === "MatMulNBits" &&
      isConstant(weights) &&
      isConstant(scales) &&
      (zeroPoints === "" || isConstant(zeroPoints)) &&
      further.every((name) => name === "");
    if (!isPlain) continue;
    const member = memberOf(product);
    const settings = ["K", "bits", "block_size", "accuracy_level"].map((name) => numberOf(product.bytes, name));
    const kind = JSON.stringify([input, settings, zeroPoints !== "", member.sum?.offset.inputs[0]]);
    byKind.set(kind, [...(byKind.get(kind) ?? []), member]);
  }
  return [...byKind.values()].filter((members) => members.length > 1 && members.every(({ columns }) => columns > 0));
}

function rewritten(nodes: readonly Placed[], groups: readonly (readonly Member[])[]): Uint8Array[] {
  const dropped = new Set<number>();
  const inPlaceOf = new Map<number, Uint8Array[]>();
  const attentions = new Map<number, string>();
  for (const [number, members] of groups.entries()) {
    const name = `${ADDED}merged.${number}`;
    const attention = nodes.find((one) => takesAll(one, members));
    const merge = merged(name, members);
    if (attention !== undefined) attentions.set(attention.at, name);
    const ends = members.map(({ product, sum }) => (sum?.add ?? product).at);
    inPlaceOf.set(Math.min(...ends), [...merge, ...(attention === undefined ? split(name, members) : [])]);
    for (const { product, sum } of members) {
      for (const one of [product, sum?.add, sum?.offset]) if (one !== undefined) dropped.add(one.at);
    }
  }
  return nodes.flatMap((one) => {
    const added = inPlaceOf.get(one.at) ?? [];
    if (dropped.has(one.at)) return added;
    const packed = attentions.get(one.at);
    if (packed === undefined) return [message(GRAPH.node, one.bytes)];
    return [rewired(one.bytes, { inputs: [packed, "", "", ...one.inputs.slice(3)], outputs: one.outputs })];
  });
}

/** Attention that reads nothing but these, in this order. */
const takesAll = ({ opType, inputs }: Placed, members: readonly Member[]): boolean =>
  opType === "GroupQueryAttention" &&
  members.length === 3 &&
  members.every(({ result }, index) => inputs[index] === result);

function merged(name: string, members: readonly Member[]): Uint8Array[] {
  const joined: Uint8Array[] = [];
  const join = (part: string, inputs: readonly string[], axis: number): string => {
    joined.push(node("Concat", inputs, `${name}.${part}`, { axis }));
    return `${name}.${part}`;
  };
  const [first] = members as readonly [Member, ...Member[]];
  const inputsAt = (at: number): string[] => members.map(({ product }) => product.inputs[at] ?? "");
  const { a, b, scales, zeroPoints } = MATMUL_N_BITS;
  const inputs = [
    first.product.inputs[a] ?? "",
    join("weights", inputsAt(b), 0),
    join("scales", inputsAt(scales), 0),
    ...((first.product.inputs[zeroPoints] ?? "") === "" ? [] : [join("zero_points", inputsAt(zeroPoints), 0)]),
  ];
  const columns = members.reduce((sum, member) => sum + member.columns, 0);
  const product = first.sum === undefined ? name : `${name}.product`;
  const bytes = withNumber(first.product.bytes, "N", columns);
  const main = rewired(bytes, { inputs, outputs: [product] });
  if (first.sum === undefined) return [...joined, main];
  const offsets = join(
    "offsets",
    members.map(({ sum }) => sum?.offset.inputs[1] ?? ""),
    1,
  );
  return [
    ...joined,
    main,
    node("MatMul", [first.sum.offset.inputs[0] ?? "", offsets], `${name}.offset`),
    node("Add", [product, `${name}.offset`], name),
  ];
}

/** Back into what the parts were, for those who read them one by one. */
const split = (name: string, members: readonly Member[]): Uint8Array[] => [
  listOf(
    `${name}.columns`,
    members.map(({ columns }) => columns),
  ),
  node(
    "Split",
    [name, `${name}.columns`],
    members.map(({ result }) => result),
    { axis: -1 },
  ),
];
