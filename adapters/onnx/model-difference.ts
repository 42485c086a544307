/** Do two forms of one model give the same results? */
import type { ModelCard } from "../../core/models/card.ts";
import type { TensorInference } from "../../core/protocols/spec/inference.ts";
import type { ModelSignature, TensorSpec } from "../../core/protocols/spec/signature.ts";
import { elementCount, type Tensor, type TensorData } from "../../core/protocols/spec/tensor.ts";
import { sampleInputs } from "./tasks/sample-inputs.ts";
import type { Task } from "./tasks/task.ts";
import { textInputs } from "./tasks/text-inputs.ts";
import { floatsOf } from "./text/float-output.ts";

const CONTEXT = { requestId: "comparison", deadlineMillis: Number.POSITIVE_INFINITY };

const TEXTS = [
  "Hello",
  "The quick brown fox jumps over the lazy dog.",
  "Call now! You have won 1,000 pounds, claim your prize at once.",
  "Scientists found that the lighthouse at the edge of the bay had been dark for almost forty years before anybody asked why.",
];
const TENSOR_SAMPLES = 4;

/** Inputs that a model may take: its task's own, or numbers drawn from a fixed sequence. Open sizes become 1 or 2. */
export function sampleRequests(task: ModelCard["task"], signature: ModelSignature): readonly TensorInference[] {
  const texts = textInputs(task, TEXTS);
  if (texts !== undefined) return [{ type: "tensors", inputs: texts }];
  const made = sampleInputs(task);
  if (made !== undefined) return [{ type: "tensors", inputs: made }];
  const draw = sequence(1);
  return Array.from({ length: TENSOR_SAMPLES }, (_, sample) => ({
    type: "tensors",
    inputs: signature.inputs.map((spec) => sampleTensor(spec, 1 + (sample % 2), draw)),
  }));
}

/** Over all outputs of all requests that `before` takes; undefined when it takes none. Infinity where shapes differ. */
export async function largestDifference(
  before: Task,
  after: Task,
  requests: readonly TensorInference[],
): Promise<number | undefined> {
  let largest: number | undefined;
  for (const request of requests) {
    const expected = await before.infer(request, CONTEXT).catch(() => undefined);
    if (expected?.type !== "tensors") continue;
    const received = await after.infer(request, CONTEXT);
    if (received.type !== "tensors") return Number.POSITIVE_INFINITY;
    for (const [index, tensor] of expected.outputs.entries()) {
      largest = Math.max(largest ?? 0, tensorDifference(tensor, received.outputs[index]));
    }
  }
  return largest;
}

function tensorDifference(expected: Tensor, received: Tensor | undefined): number {
  if (received === undefined || received.dataType !== expected.dataType) return Number.POSITIVE_INFINITY;
  if (received.shape.join() !== expected.shape.join()) return Number.POSITIVE_INFINITY;
  if (expected.dataType !== "FP32" && expected.dataType !== "FP16") {
    return expected.data.every((value: string | number | bigint, at: number) => value === received.data[at])
      ? 0
      : Number.POSITIVE_INFINITY;
  }
  const [a, b] = [floatsOf(expected), floatsOf(received)];
  let largest = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs((a[at] as number) - (b[at] as number));
    if (Number.isNaN(difference)) return Number.POSITIVE_INFINITY;
    if (difference > largest) largest = difference;
  }
  return largest;
}

function sampleTensor({ name, dataType, shape }: TensorSpec, openSize: number, draw: () => number): Tensor {
  const sizes = shape.map((size) => (size === -1 ? openSize : size));
  const count = elementCount(sizes);
  return { name, dataType, shape: sizes, data: sampleData(dataType, count, draw) };
}

/** Integers are 0 or 1: they may be indices, masks or lengths. */
function sampleData(dataType: TensorSpec["dataType"], count: number, draw: () => number): TensorData {
  const bit = () => (draw() < 0.5 ? 0 : 1);
  switch (dataType) {
    case "FP32":
      return Float32Array.from({ length: count }, () => draw() * 2 - 1);
    case "FP64":
      return Float64Array.from({ length: count }, () => draw() * 2 - 1);
    case "FP16":
      return new Uint16Array(Float16Array.from({ length: count }, () => draw() * 2 - 1).buffer);
    case "INT64":
      return BigInt64Array.from({ length: count }, () => BigInt(bit()));
    case "UINT64":
      return BigUint64Array.from({ length: count }, () => BigInt(bit()));
    case "INT32":
      return Int32Array.from({ length: count }, bit);
    case "UINT32":
      return Uint32Array.from({ length: count }, bit);
    case "INT16":
      return Int16Array.from({ length: count }, bit);
    case "UINT16":
    case "BF16":
      return Uint16Array.from({ length: count }, bit);
    case "INT8":
      return Int8Array.from({ length: count }, bit);
    case "UINT8":
    case "BOOL":
      return Uint8Array.from({ length: count }, bit);
    case "BYTES":
      return Array.from({ length: count }, () => (draw() < 0.5 ? "a" : "b"));
  }
}

/** mulberry32: a small generator that gives the same numbers everywhere. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
