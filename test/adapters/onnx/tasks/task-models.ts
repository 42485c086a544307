/**
 * Tiny models for the tests of text tasks, over the words of TOKENIZER. No real model of these tasks lies in the data that
 * tests can count on, so their graphs are written here: what a graph computes is a formula that a test can repeat.
 */
import { type LoadedModel, loadModel } from "../../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import type { ModelCard } from "../../../../core/models/card.ts";
import type { TaskParameters, TensorResult } from "../../../../core/protocols/spec/inference.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { cardOf, modelFolder, removeModelFolders, TOKENIZER } from "../model-folder.ts";
import { bytesOf, type GraphDescription, onnxModel } from "../onnx-writer.ts";

export const VOCABULARY = 8;
/** Vector of the word with this id: `width` numbers that differ from word to word. */
export const wordVector = (id: number, width: number): number[] =>
  Array.from({ length: width }, (_, at) => Math.fround(Math.sin(id * 7 + at * 3 + 1)));

const table = (width: number) => ({
  name: "table",
  element: "FLOAT" as const,
  shape: [VOCABULARY, width],
  data: bytesOf(Float32Array.from(Array.from({ length: VOCABULARY }, (_, id) => wordVector(id, width)).flat())),
});

/** One row of logits per token: the word's vector. */
export const tokenLogits = (width: number): GraphDescription => ({
  inputs: ["input_ids", "attention_mask"].map((name) => ({ name, element: "INT64", shape: ["rows", "length"] })),
  outputs: [{ name: "logits", element: "FLOAT", shape: ["rows", "length", width] }],
  initializers: [table(width)],
  nodes: [{ op: "Gather", inputs: ["table", "input_ids"], outputs: ["logits"] }],
});

/**
 * One row of logits per pair: the sum over its tokens of the word's vector, those of the second segment twice. So the order
 * of the texts and the token types matter, and padding, which is masked, does not.
 */
export const pairLogits = (width: number): GraphDescription => ({
  inputs: ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
    ...{ name, element: "INT64" },
    shape: ["rows", "length"],
  })),
  outputs: [{ name: "logits", element: "FLOAT", shape: ["rows", width] }],
  initializers: [
    table(width),
    { name: "last", element: "INT64", shape: [1], data: bytesOf(BigInt64Array.of(-1n)) },
    { name: "axes", element: "INT64", shape: [1], data: bytesOf(BigInt64Array.of(1n)) },
  ],
  nodes: [
    { op: "Gather", inputs: ["table", "input_ids"], outputs: ["vectors"] },
    { op: "Add", inputs: ["attention_mask", "token_type_ids"], outputs: ["counts"] },
    { op: "Cast", inputs: ["counts"], outputs: ["weights"], attributes: { to: 1 } },
    { op: "Unsqueeze", inputs: ["weights", "last"], outputs: ["columns"] },
    { op: "Mul", inputs: ["vectors", "columns"], outputs: ["weighed"] },
    { op: "ReduceSum", inputs: ["weighed", "axes"], outputs: ["logits"], attributes: { keepdims: 0 } },
  ],
});

/** What `pairLogits` gives for [CLS] first [SEP] second [SEP]. */
export function pairLogit(first: readonly number[], second: readonly number[], width: number): number[] {
  const once = [2, ...first, 3];
  const twice = [...second, 3];
  const sum = new Array<number>(width).fill(0);
  for (const [ids, weight] of [
    [once, 1],
    [twice, 2],
  ] as const) {
    for (const id of ids)
      for (const [at, value] of wordVector(id, width).entries()) sum[at] = (sum[at] ?? 0) + weight * value;
  }
  return sum;
}

/** TOKENIZER with the template of BERT for pairs. */
const PAIR_TOKENIZER = JSON.stringify({
  ...(JSON.parse(TOKENIZER) as object),
  post_processor: {
    ...(JSON.parse(TOKENIZER) as { readonly post_processor: object }).post_processor,
    pair: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
      { Sequence: { id: "B", type_id: 1 } },
      { SpecialToken: { id: "[SEP]", type_id: 1 } },
    ],
  },
});

export const taskCard = (
  task: ModelCard["task"],
  text: Readonly<Record<string, unknown>>,
  more: object = {},
): ModelCard =>
  cardOf({
    task,
    artifacts: { model: "model.onnx", tokenizer: "tokenizer.json" },
    text: { maxTokens: 12, ...text },
    ...more,
  });

export const taskFolder = (graph: GraphDescription): string =>
  modelFolder({ "model.onnx": onnxModel(graph), "tokenizer.json": PAIR_TOKENIZER });

const models: LoadedModel[] = [];

export async function openTask(graph: GraphDescription, card: ModelCard): Promise<LoadedModel> {
  const model = await loadModel(taskFolder(graph), card, { threads: 1 }, systemClock);
  models.push(model);
  return model;
}

/** Answers the outputs by name; `texts`: BYTES inputs by name. */
export async function ask(
  model: LoadedModel,
  texts: Readonly<Record<string, readonly string[]>>,
  parameters?: TaskParameters,
): Promise<{ readonly tokens: number } & Readonly<Record<string, unknown>>> {
  const inputs = Object.entries(texts).map(
    ([name, data]): Tensor => ({ name, dataType: "BYTES", shape: [data.length], data }),
  );
  const request = { type: "tensors", inputs, ...(parameters && { parameters }) } as const;
  const result = await model.infer(request, { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY });
  const { outputs, usage } = result as TensorResult;
  const plain = outputs.map(({ name, data }) => [name, Array.from(data as ArrayLike<unknown>)]);
  return { ...Object.fromEntries(plain), tokens: usage.inputTokens };
}

export async function closeTasks(): Promise<void> {
  for (const model of models.splice(0)) await model.release();
  removeModelFolders();
}

export const softmax = (values: readonly number[]): number[] => {
  const largest = Math.max(...values);
  const exponents = values.map((value) => Math.exp(value - largest));
  const sum = exponents.reduce((total, one) => total + one, 0);
  return exponents.map((value) => value / sum);
};
export const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value));

export function expectClose(received: unknown, expected: readonly number[]): void {
  expect(received).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect((received as readonly number[])[at]).toBeCloseTo(value, 5);
}
