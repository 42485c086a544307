import { draftCard, type FolderFacts } from "../../../core/models/draft-card.ts";
import type { ModelSignature } from "../../../core/protocols/spec/signature.ts";

const graph = (shape: readonly number[], name = "logits"): ModelSignature => ({
  inputs: [{ name: "input_ids", dataType: "INT64", shape: [-1, -1] }],
  outputs: [{ name, dataType: "FP32", shape }],
});
const TEXT_FILES = { model: "model.onnx", tokenizer: "tokenizer.json" };

function draft(facts: Partial<FolderFacts>) {
  const all: FolderFacts = { artifacts: TEXT_FILES, graph: graph([-1, 2]), license: "MIT", ...facts };
  const { card, open } = draftCard(all, { name: "m", group: "small" });
  return { ...card, open: open.filter((line) => !/^(?:description|price|quality):/.test(line)) };
}

const config = (architecture: string, id2label?: readonly string[]) => ({
  architectures: [architecture],
  max_position_embeddings: 512,
  ...(id2label && { id2label: Object.fromEntries(id2label.map((label, index) => [String(index), label])) }),
});

test.each([
  ["classes", config("BertForSequenceClassification", ["neg", "pos"]), "text-classification", ["neg", "pos"]],
  ["one class", config("BertForSequenceClassification", ["LABEL_0"]), "rerank", undefined],
  [
    "entailment among the classes",
    config("BartForSequenceClassification", ["contradiction", "neutral", "entailment"]),
    "zero-shot-classification",
    ["contradiction", "neutral", "entailment"],
  ],
  ["classes of tokens", config("BertForTokenClassification", ["O", "B-PER"]), "token-classification", ["O", "B-PER"]],
  ["next tokens", config("LlamaForCausalLM"), "text-generation", undefined],
])("%s", (_, modelConfig, task, labels) => {
  const card = draft({ config: modelConfig });
  expect(card).toMatchObject({ task, text: { maxTokens: 512 } });
  expect(card.text?.labels).toEqual(labels);
});

test("a doubt about the task is said", () => {
  const { open } = draft({ config: config("BertForSequenceClassification", ["entailment", "not_entailment"]) });
  expect(open).toEqual([expect.stringMatching(/^task: set to zero-shot-classification.*--task text-classification/)]);
});

test("vectors of tokens and a README that says what for", () => {
  const vectors = { graph: graph([-1, -1, 384], "last_hidden_state"), config: config("BertModel") };
  const card = draft({ ...vectors, pipelineTag: "feature-extraction" });
  expect(card).toMatchObject({ task: "embedding", text: { pooling: "mean", dimensions: 384 } });
  expect(card.open.join("\n")).toMatch(
    /task: set to embedding, since the README says feature-extraction[\s\S]*text\.pooling/,
  );
  expect(draft(vectors).task).toBe("tensor");
});

test("labels that nobody names are numbered, one per logit", () => {
  const card = draft({ config: config("BertForTokenClassification"), graph: graph([-1, -1, 3]) });
  expect(card.text?.labels).toEqual(["LABEL_0", "LABEL_1", "LABEL_2"]);
  expect(card.open).toEqual([expect.stringContaining("since config.json has no id2label")]);
});

test("no tokenizer: the graph's own tensors", () => {
  expect(draft({ artifacts: { model: "model.onnx" }, graph: graph([-1, 10]) })).toMatchObject({
    task: "tensor",
    open: [],
  });
});
