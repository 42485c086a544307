/**
 * What a language model answered when its packed form was made, to compare with when it is loaded. Offsets that were folded exist
 * in the packed weights only (block-sums.ts): should ONNX Runtime ever pack anew instead of taking them, the model would
 * talk nonsense, and nothing else would tell.
 */
import { readFile, writeFile } from "node:fs/promises";
import { causalGraph } from "../generation/causal-graph.ts";
import { unbudgetedKeyValueMemory } from "../generation/key-value-memory.ts";
import type { Graph } from "../graph.ts";

interface Sample {
  readonly ids: readonly number[];
  /** Of every so manieth token. */
  readonly logits: readonly number[];
}

const LOGITS_KEPT = 256;
/** Of the largest logit: numbers of threads may differ in the last bits, weights without their offsets by all of it. */
const EQUAL_WITHIN = 0.01;

export async function keepSample(graph: Graph, ids: readonly number[], path: string): Promise<void> {
  const sample: Sample = { ids, logits: await answer(graph, ids) };
  await writeFile(path, JSON.stringify(sample));
}

export async function answersAs(graph: Graph, path: string): Promise<boolean> {
  const { ids, logits } = JSON.parse(await readFile(path, "utf8")) as Sample;
  const received = await answer(graph, ids);
  const largest = Math.max(...logits.map(Math.abs));
  return logits.every((logit, at) => Math.abs(logit - (received[at] ?? Number.NaN)) <= EQUAL_WITHIN * largest);
}

async function answer(graph: Graph, ids: readonly number[]): Promise<readonly number[]> {
  const reading = causalGraph(graph, unbudgetedKeyValueMemory()).start();
  try {
    const logits = await reading.read(ids);
    const step = Math.ceil(logits.length / LOGITS_KEPT);
    return Array.from(logits.filter((_, at) => at % step === 0));
  } finally {
    reading.release();
  }
}
