/**
 * Takes the offsets of quantised products out of a graph. Weights with a scale and a minimum for each block (GGUF's Q4_1) are
 * more than MatMulNBits takes, whose blocks have a scale and a whole zero point; exports compute what is left over as a second
 * product, of the sums of the input's blocks and the offsets: Add(MatMulNBits(x), MatMul(ReduceSum(Reshape(x)), offsets)). In
 * SmolLM2-135M these are 480 of 791 nodes and a fifth of a step. ONNX Runtime's kernel for 8-bit activations computes the very
 * same product within itself, for its zero point, and its factors lie in the packed weights: block-sums.ts adds the offsets there.
 */
import { GRAPH, type GraphNode, MODEL_GRAPH, numberOf, readNode, rewired, VALUE } from "../generation/onnx-nodes.ts";
import { eachField, message, text } from "../generation/protobuf.ts";
import { type StoredTensor, storedTensors } from "./stored-tensors.ts";

export interface FoldedOffset {
  /** Names of constants: [columns, blocks, …] of 4 bits, [columns · blocks] and [blocks, columns] of float32. */
  readonly weights: string;
  readonly scales: string;
  readonly offsets: string;
  readonly columns: number;
  readonly blocks: number;
  /** Weights of a block. */
  readonly blockSize: number;
}

export interface FoldedGraph {
  /** Computes something else, until the offsets are where `folds` says. */
  readonly graph: Uint8Array;
  readonly folds: readonly FoldedOffset[];
}

interface Placed extends GraphNode {
  readonly bytes: Uint8Array;
}

interface Fold extends FoldedOffset {
  readonly product: Placed;
  readonly result: string;
}

/** Undefined where there is nothing to fold. */
export function foldedOffsets(model: Uint8Array): FoldedGraph | undefined {
  const constants = storedTensors(model);
  const folds: Fold[] = [];
  const parts: Uint8Array[] = [];
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const others: Uint8Array[] = [];
    const nodes: Placed[] = [];
    const results = new Set<string>();
    eachField(graph, (part, value, __, wholePart) => {
      if (part === GRAPH.node) nodes.push({ ...readNode(value), bytes: value });
      else others.push(wholePart);
      if (part === GRAPH.output) results.add(nameOf(value));
    });
    folds.push(...foldsOf(nodes, constants, results));
    // Constants that nobody reads any more are dropped by ONNX Runtime.
    parts.push(message(MODEL_GRAPH, ...rewritten(nodes, folds, results), ...others));
  });
  return folds.length === 0 ? undefined : { graph: Buffer.concat(parts), folds };
}

function foldsOf(
  nodes: readonly Placed[],
  constants: ReadonlyMap<string, StoredTensor>,
  results: ReadonlySet<string>,
): readonly Fold[] {
  const readers = new Map<string, Placed[]>();
  const makers = new Map<string, Placed>();
  for (const one of nodes) {
    for (const input of one.inputs) readers.set(input, [...(readers.get(input) ?? []), one]);
    for (const output of one.outputs) makers.set(output, one);
  }
  const onlyReader = (name: string): Placed | undefined =>
    results.has(name) || readers.get(name)?.length !== 1 ? undefined : readers.get(name)?.[0];
  const isList = (name: string | undefined, expected: readonly number[]): boolean => {
    const bytes = constants.get(name ?? "")?.bytes;
    return bytes !== undefined && Buffer.from(BigInt64Array.from(expected, BigInt).buffer).equals(bytes);
  };

  /** Whether `name` is the sums of the blocks of `x`. */
  function isBlockSums(name: string | undefined, x: string, blocks: number, blockSize: number): boolean {
    const sums = makers.get(name ?? "");
    const blocked = makers.get(sums?.inputs[0] ?? "");
    return (
      sums?.opType === "ReduceSum" &&
      (numberOf(sums.bytes, "keepdims") ?? 1) === 0 &&
      isList(sums.inputs[1], [-1]) &&
      blocked?.opType === "Reshape" &&
      (numberOf(blocked.bytes, "allowzero") ?? 0) === 0 &&
      blocked.inputs[0] === x &&
      isList(blocked.inputs[1], [0, 0, blocks, blockSize])
    );
  }

  return nodes.flatMap((product): Fold[] => {
    if (product.opType !== "MatMulNBits") return [];
    const [x = "", weights = "", scales = "", ...further] = product.inputs;
    const [output = ""] = product.outputs;
    const [inner = 0, columns = 0, blockSize = 0, bits, level] = NUMBERS.map((name) => numberOf(product.bytes, name));
    const isKnown = bits === 4 && level === 4 && further.every((name) => name === "") && inner % blockSize === 0;
    if (!isKnown || !constants.has(weights) || !constants.has(scales)) return [];
    const blocks = inner / blockSize;
    const sum = onlyReader(output);
    const other = sum?.opType === "Add" ? sum.inputs.find((input) => input !== output) : undefined;
    const offset = makers.get(other ?? "");
    const [sums, offsets = ""] = offset?.inputs ?? [];
    const isOffset = offset?.opType === "MatMul" && onlyReader(other ?? "") === sum;
    if (sum === undefined || !isOffset || !isBlockSums(sums, x, blocks, blockSize)) return [];
    if (String(constants.get(offsets)?.dims) !== String([blocks, columns])) return [];
    const [result = ""] = sum.outputs;
    return [{ weights, scales, offsets, columns, blocks, blockSize, product, result }];
  });
}

const NUMBERS = ["K", "N", "block_size", "bits", "accuracy_level"] as const;

/** The products give the sums' results; what nobody reads any more is left out. */
function rewritten(
  nodes: readonly Placed[],
  folds: readonly Fold[],
  results: ReadonlySet<string>,
): readonly Uint8Array[] {
  const byProduct = new Map(folds.map((fold) => [fold.product, fold]));
  const given = new Set(folds.map(({ result }) => result));
  const read = new Set(results);
  const kept: Uint8Array[] = [];
  // From the end: nodes stand in the order in which they are computed.
  for (const one of nodes.toReversed()) {
    const fold = byProduct.get(one);
    const isReplaced = fold === undefined && one.outputs.some((name) => given.has(name));
    const outputs = fold === undefined ? one.outputs : [fold.result];
    if (isReplaced || !outputs.some((name) => read.has(name))) continue;
    for (const name of one.inputs) read.add(name);
    kept.push(
      fold === undefined ? message(GRAPH.node, one.bytes) : rewired(one.bytes, { inputs: one.inputs, outputs }),
    );
  }
  return kept.reverse();
}

function nameOf(value: Uint8Array): string {
  let name = "";
  eachField(value, (field, content) => void (field === VALUE.name && (name = text(content))));
  return name;
}
