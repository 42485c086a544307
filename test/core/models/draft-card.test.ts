import { parseModelCard } from "../../../core/models/card.ts";
import { draftCard, type FolderFacts } from "../../../core/models/draft-card.ts";

const tokenIds = { name: "input_ids", dataType: "INT64", shape: [-1, -1] } as const;
const hiddenStates = { name: "last_hidden_state", dataType: "FP32", shape: [-1, -1, 384] } as const;
const BARE: FolderFacts = {
  artifacts: { model: "model.onnx" },
  graph: {
    inputs: [{ name: "x", dataType: "FP32", shape: [-1, 4] }],
    outputs: [{ name: "y", dataType: "FP32", shape: [-1, 2] }],
  },
};
const ENCODER: FolderFacts = {
  artifacts: { model: "model.onnx", tokenizer: "tokenizer.json", config: "config.json" },
  graph: { inputs: [tokenIds], outputs: [hiddenStates] },
  license: "MIT",
};
const OPTIONS = { name: "m", group: "small" };
const topics = (open: readonly string[]) => open.map((line) => line.split(":")[0]);

test("a bare graph becomes a tensor model; what nobody can know is left to a person", () => {
  const { card, open } = draftCard(BARE, OPTIONS);
  expect(card).toEqual({
    schema: "farthing.card/1",
    name: "m",
    description: "The model m.",
    task: "tensor",
    license: "LicenseRef-unknown",
    artifacts: { model: "model.onnx" },
    placement: { kind: "function", group: "small" },
    price: { usdPerRequest: 0 },
  });
  expect(topics(open)).toEqual(["description", "license", "price", "quality"]);
});

test("a sentence-transformers folder becomes an embedding model", () => {
  const { card, open } = draftCard(
    {
      ...ENCODER,
      sentenceConfig: { max_seq_length: 256 },
      tokenizerConfig: { model_max_length: 512 },
      pooling: { word_embedding_dimension: 384, pooling_mode_mean_tokens: true, pooling_mode_cls_token: false },
      modules: [{ type: "sentence_transformers.models.Transformer" }, { type: "sentence_transformers.models.Pooling" }],
    },
    OPTIONS,
  );
  expect(card).toMatchObject({
    task: "embedding",
    license: "MIT",
    text: { maxTokens: 256, pooling: "mean", normalize: false, dimensions: 384 },
  });
  expect(topics(open)).toEqual(["description", "price", "quality"]);
});

test.each<[string, Partial<FolderFacts>, object]>([
  ["cls pooling", { pooling: { pooling_mode_cls_token: true } }, { pooling: "cls", dimensions: 384 }],
  [
    "a graph that pools by itself",
    {
      sentenceConfig: {},
      graph: {
        inputs: [tokenIds],
        outputs: [hiddenStates, { name: "sentence_embedding", dataType: "FP32", shape: [-1, 256] }],
      },
    },
    { pooling: "none", dimensions: 256 },
  ],
  [
    "a Normalize module",
    { sentenceConfig: {}, modules: [{ type: "sentence_transformers.models.Normalize" }] },
    { normalize: true },
  ],
  [
    "a length that only the tokenizer says",
    { sentenceConfig: {}, tokenizerConfig: { model_max_length: 128 } },
    { maxTokens: 128 },
  ],
  [
    "a tokenizer without a limit",
    { sentenceConfig: {}, tokenizerConfig: { model_max_length: 1e30 }, config: { max_position_embeddings: 512 } },
    { maxTokens: 512 },
  ],
  [
    "a width that only the configuration says",
    {
      sentenceConfig: {},
      config: { hidden_size: 768 },
      graph: { inputs: [tokenIds], outputs: [{ ...hiddenStates, shape: [-1, -1, -1] }] },
    },
    { dimensions: 768 },
  ],
])("embedding: %s", (_what, facts, text) => {
  expect(draftCard({ ...ENCODER, ...facts }, OPTIONS).card.text).toMatchObject(text);
});

test("pooling that no task here does is refused", () => {
  const pooling = { pooling_mode_max_tokens: true } as FolderFacts["pooling"];
  expect(() => draftCard({ ...ENCODER, ...(pooling && { pooling }) }, OPTIONS)).toThrow(
    "1_Pooling/config.json asks for max_tokens; known here: mean_tokens, cls_token",
  );
});

describe("classification", () => {
  const classifier: FolderFacts = {
    ...ENCODER,
    graph: { inputs: [tokenIds], outputs: [{ name: "logits", dataType: "FP32", shape: [-1, 2] }] },
    config: {
      architectures: ["BertForSequenceClassification"],
      id2label: { "1": "spam", "0": "ham" },
      max_position_embeddings: 512,
    },
  };

  test("labels come in the order of their numbers", () => {
    expect(draftCard(classifier, OPTIONS).card).toMatchObject({
      task: "text-classification",
      text: { labels: ["ham", "spam"], multiLabel: false, maxTokens: 512 },
    });
  });

  test("several at once, where the configuration says so", () => {
    const config = { ...classifier.config, problem_type: "multi_label_classification" };
    expect(draftCard({ ...classifier, config }, OPTIONS).card.text?.multiLabel).toBe(true);
  });

  test("without names, as many numbered labels as the graph has", () => {
    const { card, open } = draftCard(
      { ...classifier, config: { architectures: ["BertForSequenceClassification"] } },
      OPTIONS,
    );
    expect(card.text).toMatchObject({ labels: ["LABEL_0", "LABEL_1"], maxTokens: 512 });
    expect(topics(open)).toEqual(expect.arrayContaining(["text.labels", "text.maxTokens"]));
  });

  test("without names or a number of them there is no card", () => {
    const graph = { inputs: [tokenIds], outputs: [{ name: "logits", dataType: "FP32", shape: [-1, -1] } as const] };
    expect(() => draftCard({ ...ENCODER, graph }, { ...OPTIONS, task: "text-classification" })).toThrow(
      "write a model.json with text.labels",
    );
  });
});

test.each(["GPT2LMHeadModel", "LlamaForCausalLM"])("%s generates text", (architecture) => {
  expect(draftCard({ ...ENCODER, config: { architectures: [architecture] } }, OPTIONS).card.task).toBe(
    "text-generation",
  );
});

test("an encoder of no known purpose takes token ids, and says which option changes that", () => {
  const { card, open } = draftCard({ ...ENCODER, config: { architectures: ["BertModel"] } }, OPTIONS);
  expect(card.task).toBe("tensor");
  expect(open[0]).toMatch(/^task: .*BertModel.*--task/);
});

test("a chosen task wins over what the files suggest", () => {
  const { card } = draftCard(
    { ...ENCODER, config: { architectures: ["BertModel"] } },
    { ...OPTIONS, task: "embedding" },
  );
  expect(card).toMatchObject({ task: "embedding", text: { pooling: "mean", maxTokens: 512 } });
});

test.each([BARE, ENCODER, { ...ENCODER, sentenceConfig: { max_seq_length: 8 } }])(
  "every draft is a valid card: %#",
  (facts) => {
    const { card } = draftCard(facts, OPTIONS);
    expect(parseModelCard(JSON.parse(JSON.stringify(card)), "draft")).toEqual(card);
  },
);
