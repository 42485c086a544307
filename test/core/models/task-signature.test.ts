import type { ModelCard } from "../../../core/models/card.ts";
import { parseModelCard } from "../../../core/models/card.ts";
import { taskSignature } from "../../../core/models/task-signature.ts";
import type { ModelSignature } from "../../../core/protocols/spec/signature.ts";

const GRAPH: ModelSignature = {
  inputs: [{ name: "input_ids", dataType: "INT64", shape: [-1, -1] }],
  outputs: [{ name: "last_hidden_state", dataType: "FP32", shape: [-1, -1, 384] }],
};
const TEXT = [{ name: "text", dataType: "BYTES", shape: [-1] }];

const card = (task: ModelCard["task"], text?: ModelCard["text"]): ModelCard =>
  parseModelCard(
    {
      schema: "farthing.card/1",
      name: "m",
      description: "d",
      task,
      license: "MIT",
      artifacts: { model: "model.onnx", tokenizer: "tokenizer.json" },
      placement: { kind: "function", group: "small" },
      price: {},
      ...(text && { text }),
    },
    "test",
  );

test.each(["tensor", "text-generation"] as const)("%s: the graph's own", (task) => {
  expect(taskSignature(card(task), GRAPH)).toBe(GRAPH);
});

test.each([
  ["the length from the card", { maxTokens: 256, dimensions: 128 }, GRAPH, 128],
  ["the length from the graph", { maxTokens: 256 }, GRAPH, 384],
  ["no length known", { maxTokens: 256 }, { inputs: [], outputs: [] }, -1],
])("embedding: texts in, vectors out, %s", (_, text, graph, length) => {
  expect(taskSignature(card("embedding", text), graph)).toEqual({
    inputs: TEXT,
    outputs: [{ name: "embedding", dataType: "FP32", shape: [-1, length] }],
  });
});

test("text classification: the best label, its score, and all scores", () => {
  const text = { maxTokens: 100, labels: ["ham", "spam"] };
  expect(taskSignature(card("text-classification", text), GRAPH)).toEqual({
    inputs: TEXT,
    outputs: [
      { name: "label", dataType: "BYTES", shape: [-1] },
      { name: "score", dataType: "FP32", shape: [-1] },
      { name: "scores", dataType: "FP32", shape: [-1, 2] },
    ],
  });
});
