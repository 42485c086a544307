/**
 * Stores a language model in packed form with the offsets of its products folded into the packed weights (folded-offsets.ts). That
 * is other arithmetic: the offsets multiply the sums of the rounded inputs instead of the exact ones. So it is not asked to
 * write the same text, but to be no further than the published form is from what exact inputs give.
 */
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModelCard } from "../../../core/models/card.ts";
import { causalGraph } from "../generation/causal-graph.ts";
import { unbudgetedKeyValueMemory } from "../generation/key-value-memory.ts";
import { GRAPH, MODEL_GRAPH, numberOf, readNode, withNumber } from "../generation/onnx-nodes.ts";
import { eachField, message } from "../generation/protobuf.ts";
import { type Graph, openGraph, openGraphBytes } from "../graph.ts";
import { createTokenizer } from "../text/tokenizer.ts";
import { alignWeights } from "./aligned-weights.ts";
import { addToBlockSums } from "./block-sums.ts";
import { foldedOffsets } from "./folded-offsets.ts";
import { PACKED_GRAPH, PACKED_WEIGHTS, SAMPLE } from "./packed-files.ts";
import { keepSample } from "./sample.ts";

/** SmolLM2 on 1,536 tokens: 0.91 times. Fewer tokens scatter more. */
const DIVERGENCE_AT_MOST = 1.5;
const SETTINGS = { threads: 1 };
const SAMPLE_IDS = 4;
const TEXT = `The town lies where two rivers meet. In spring the water rises, and people carry their boats up to the church; by June the
meadows are dry again. "How much is the bread?" asked Anna. "Three for 2.40", said the baker, "or one for 90 cents." She counted her coins
twice. def area(radius): return 3.14159 * radius ** 2. Water boils at 100 degrees at sea level, but on a mountain of 3,000 metres at 90.`;

/** `folder`: gets the packed files. Answers whether they are good; if not, what is there is of no use. */
export async function storeFolded(directory: string, { artifacts }: ModelCard, folder: string): Promise<boolean> {
  const path = join(directory, artifacts.model);
  if (artifacts.tokenizer === undefined) return false;
  const original = await readFile(path);
  const folded = foldedOffsets(original);
  if (folded === undefined) return false;
  const [packedGraph, packedWeights] = [join(folder, PACKED_GRAPH), join(folder, PACKED_WEIGHTS)];
  const packing = { type: "store", graph: packedGraph, weights: PACKED_WEIGHTS } as const;
  const stored = await openGraphBytes(folded.graph, dirname(path), { ...SETTINGS, packing });
  await stored.release();
  await alignWeights(packedGraph, packedWeights);
  if (!(await addToBlockSums(folded.folds, { original: path, packedGraph, packedWeights }))) return false;

  const tokenizer = await createTokenizer({ tokenizer: await readJson(join(directory, artifacts.tokenizer)) });
  const ids = tokenizer.encode(TEXT);
  const exact = await using(openGraphBytes(withExactInputs(original), dirname(path), SETTINGS), logitsOf(ids));
  const published = await using(openGraph(path, SETTINGS), logitsOf(ids));
  const packed = openGraph(packedGraph, { ...SETTINGS, packing: { type: "packed" } });
  return using(packed, async (graph) => {
    const divergence = meanDivergence(exact, await logitsOf(ids)(graph));
    // Not a number is no more than nothing: so the other way round.
    if (!(divergence <= DIVERGENCE_AT_MOST * meanDivergence(exact, published))) return false;
    await keepSample(graph, ids.slice(0, SAMPLE_IDS), join(folder, SAMPLE));
    return true;
  });
}

/** Quantised products whose inputs stay in float32. */
function withExactInputs(model: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const changed: Uint8Array[] = [];
    eachField(graph, (part, value, __, wholePart) => {
      const isProduct = part === GRAPH.node && readNode(value).opType === "MatMulNBits";
      const isRounding = isProduct && numberOf(value, "accuracy_level") !== undefined;
      changed.push(isRounding ? message(GRAPH.node, withNumber(value, "accuracy_level", 0)) : wholePart);
    });
    parts.push(message(MODEL_GRAPH, ...changed));
  });
  return Buffer.concat(parts);
}

const logitsOf = (ids: readonly number[]) => (graph: Graph) =>
  causalGraph(graph, unbudgetedKeyValueMemory()).start().readEach(ids);

async function using<T>(opening: Promise<Graph>, work: (graph: Graph) => Promise<T>): Promise<T> {
  const graph = await opening;
  try {
    return await work(graph);
  } finally {
    await graph.release();
  }
}

/** Kullback-Leibler, in nats a token. */
function meanDivergence(expected: readonly Float32Array[], received: readonly Float32Array[]): number {
  const sum = expected.reduce((total, row, at) => total + divergence(row, received[at] as Float32Array), 0);
  return sum / expected.length;
}

function divergence(expected: Float32Array, received: Float32Array): number {
  const [ofExpected, ofReceived] = [logSum(expected), logSum(received)];
  let sum = 0;
  for (let at = 0; at < expected.length; at++) {
    const logarithm = (expected[at] as number) - ofExpected;
    sum += Math.exp(logarithm) * (logarithm - ((received[at] as number) - ofReceived));
  }
  return sum;
}

function logSum(logits: Float32Array): number {
  const largest = logits.reduce((most, logit) => Math.max(most, logit), Number.NEGATIVE_INFINITY);
  return largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
}

const readJson = async (path: string): Promise<object> => JSON.parse(await readFile(path, "utf8")) as object;
