/** Folders with small models for tests, and their cards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type ModelCard, parseModelCard } from "../../../core/models/card.ts";
import { bytesOf, type GraphDescription, onnxModel } from "./onnx-writer.ts";

const folders: string[] = [];

/** Gone after the tests of the file, when it calls removeModelFolders in `afterAll`. */
export function modelFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = mkdtempSync(join(tmpdir(), "farthing-test-model-"));
  folders.push(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

export function removeModelFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export const cardOf = (overrides: Readonly<Record<string, unknown>> = {}): ModelCard =>
  parseModelCard(
    {
      schema: "farthing.card/1",
      name: "test",
      description: "a model of the tests",
      task: "tensor",
      license: "Apache-2.0",
      artifacts: { model: "model.onnx" },
      placement: { kind: "function", group: "small" },
      price: { usdPerRequest: 0.000001 },
      ...overrides,
    },
    "test card",
  );

/** y = x + bias, over [rows, 2]. */
export const addition = (bias: number): GraphDescription => ({
  inputs: [{ name: "x", element: "FLOAT", shape: ["rows", 2] }],
  outputs: [{ name: "y", element: "FLOAT", shape: ["rows", 2] }],
  initializers: [{ name: "bias", element: "FLOAT", shape: [2], data: bytesOf(Float32Array.of(bias, bias)) }],
  nodes: [{ op: "Add", inputs: ["x", "bias"], outputs: ["y"] }],
});

/** A square matrix: 640 rows of it are 1.6 MB, large enough to be kept apart from the graph. */
export const productWeights = (size: number): Float32Array =>
  Float32Array.from({ length: size * size }, (_, at) => Math.sin(at) / size);

/** y = x · W, over [rows, size]. */
export const product = (size: number): GraphDescription => ({
  inputs: [{ name: "x", element: "FLOAT", shape: ["rows", size] }],
  outputs: [{ name: "y", element: "FLOAT", shape: ["rows", size] }],
  initializers: [{ name: "weights", element: "FLOAT", shape: [size, size], data: bytesOf(productWeights(size)) }],
  nodes: [{ op: "MatMul", inputs: ["x", "weights"], outputs: ["y"] }],
});

const WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "day", "night"];

/** Words by white space, in [CLS] … [SEP]; asks, as exported files do, to be cut at 4 tokens and filled up to 16. */
export const TOKENIZER = JSON.stringify({
  version: "1.0",
  truncation: { direction: "Right", max_length: 4, strategy: "LongestFirst", stride: 0 },
  padding: { strategy: { Fixed: 16 }, direction: "Right", pad_id: 0, pad_type_id: 0, pad_token: "[PAD]" },
  added_tokens: WORDS.slice(0, 4).map((content, id) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  })),
  normalizer: null,
  pre_tokenizer: { type: "WhitespaceSplit" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: null,
  model: {
    type: "WordPiece",
    unk_token: "[UNK]",
    continuing_subword_prefix: "##",
    max_input_chars_per_word: 100,
    vocab: Object.fromEntries(WORDS.map((word, id) => [word, id])),
  },
});

/** One vector per word of the tokenizer; WIDTH numbers each. */
export const WIDTH = 3;
export const TABLE = Float32Array.from({ length: WORDS.length * WIDTH }, (_, at) => Math.sin(at + 1));

/** Token states are the rows of TABLE. Asks for a mask and token types as transformers do, and leaves them unused. */
export function lookupGraph(
  inputs: readonly string[] = ["input_ids", "attention_mask"],
  length: number | string = "length",
): GraphDescription {
  return {
    inputs: inputs.map((name) => ({ name, element: "INT64", shape: ["rows", length] })),
    outputs: [{ name: "last_hidden_state", element: "FLOAT", shape: ["rows", length, WIDTH] }],
    initializers: [{ name: "table", element: "FLOAT", shape: [WORDS.length, WIDTH], data: bytesOf(TABLE) }],
    nodes: [{ op: "Gather", inputs: ["table", "input_ids"], outputs: ["last_hidden_state"] }],
  };
}

/** A classifier: logits are the sum of the words' vectors, [rows, WIDTH]. Without a mask, padding counts as text. */
export function sumGraph(inputs: readonly string[] = ["input_ids"]): GraphDescription {
  const { initializers, nodes, ...lookup } = lookupGraph(inputs);
  return {
    ...lookup,
    outputs: [{ name: "logits", element: "FLOAT", shape: ["rows", WIDTH] }],
    initializers: [
      ...(initializers ?? []),
      { name: "axes", element: "INT64", shape: [1], data: bytesOf(BigInt64Array.of(1n)) },
    ],
    nodes: [
      ...nodes,
      { op: "ReduceSum", inputs: ["last_hidden_state", "axes"], outputs: ["logits"], attributes: { keepdims: 0 } },
    ],
  };
}

export const textFolder = (graph: GraphDescription): string =>
  modelFolder({ "model.onnx": onnxModel(graph), "tokenizer.json": TOKENIZER });

export const textCard = (
  task: "embedding" | "text-classification",
  text: Readonly<Record<string, unknown>> = {},
): ModelCard =>
  cardOf({
    task,
    artifacts: { model: "model.onnx", tokenizer: "tokenizer.json" },
    text: {
      maxTokens: 12,
      ...(task === "text-classification" && { labels: ["joy", "fear", "calm"] }),
      ...text,
    },
  });
