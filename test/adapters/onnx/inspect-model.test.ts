import { inspectModel } from "../../../adapters/onnx/inspect-model.ts";
import {
  addition,
  cardOf,
  lookupGraph,
  modelFolder,
  removeModelFolders,
  sumGraph,
  TOKENIZER,
  textCard,
  textFolder,
} from "./model-folder.ts";
import { onnxModel } from "./onnx-writer.ts";

afterAll(removeModelFolders);

const tensorFolder = (model: Uint8Array) => modelFolder({ "model.onnx": model });

test("a model that fits its card answers with what callers send and get", async () => {
  expect(await inspectModel(tensorFolder(onnxModel(addition(1))), cardOf())).toEqual({
    inputs: [{ name: "x", dataType: "FP32", shape: [-1, 2] }],
    outputs: [{ name: "y", dataType: "FP32", shape: [-1, 2] }],
  });
  const embedding = await inspectModel(textFolder(lookupGraph()), textCard("embedding"));
  expect(embedding.inputs).toEqual([{ name: "text", dataType: "BYTES", shape: [-1] }]);
  const classifier = await inspectModel(textFolder(sumGraph()), textCard("text-classification"));
  expect(classifier.outputs.map(({ name }) => name)).toEqual(["label", "score", "scores"]);
});

const whole = onnxModel(addition(1));
test.each([
  ["cut short", whole.subarray(0, whole.length - 20)],
  ["no ONNX file", Buffer.from("hello")],
  ["empty", Buffer.alloc(0)],
])("a model file that is %s is named, without the machine's paths", async (_, model) => {
  const inspection = inspectModel(tensorFolder(model), cardOf());
  await expect(inspection).rejects.toThrow(/^model\.onnx does not load: /);
  await expect(inspection).rejects.not.toThrow("/tmp");
});

test("a file that the graph or the card names and that is not there", async () => {
  await expect(inspectModel(modelFolder({}), cardOf())).rejects.toThrow(
    /model\.onnx does not load.*File doesn't exist/,
  );
  const external = {
    name: "bias",
    element: "FLOAT",
    shape: [2],
    data: new Uint8Array(8),
    external: "weights.bin",
  } as const;
  const graph = onnxModel({ ...addition(1), initializers: [external] });
  await expect(inspectModel(tensorFolder(graph), cardOf())).rejects.toThrow("weights.bin");
  await expect(
    inspectModel(modelFolder({ "model.onnx": onnxModel(lookupGraph()) }), textCard("embedding")),
  ).rejects.toThrow("tokenizer.json cannot be read as JSON");
});

test("a tokenizer that is none", async () => {
  const folder = modelFolder({ "model.onnx": onnxModel(lookupGraph()), "tokenizer.json": '{"version":"1.0"}' });
  await expect(inspectModel(folder, textCard("embedding"))).rejects.toThrow("tokenizer.json is no tokenizer");
});

test.each([
  [
    "labels that are not as many as the logits",
    sumGraph(),
    textCard("text-classification", { labels: ["a", "b"] }),
    /has 2 labels.*\[-1, 3\]/,
  ],
  ["vectors of another length", lookupGraph(), textCard("embedding", { dimensions: 5 }), /3 values per text.*says 5/],
  [
    "pooling that the graph's outputs do not allow",
    lookupGraph(),
    textCard("embedding", { pooling: "none" }),
    /2 dimensions/,
  ],
  [
    "texts longer than the graph takes",
    lookupGraph(["input_ids"], 8),
    textCard("embedding"),
    /text\.maxTokens is 12.*holds 8 tokens/,
  ],
  [
    "an input that no text fills",
    lookupGraph(["input_ids", "position_ids"]),
    textCard("embedding"),
    /"position_ids"; a text task can fill input_ids/,
  ],
  [
    "no input for tokens at all",
    {
      ...addition(1),
      inputs: [{ name: "attention_mask", element: "INT64" as const, shape: ["a", "b"] }],
      outputs: [{ name: "y", element: "INT64" as const, shape: ["a", "b"] }],
      initializers: [],
      nodes: [{ op: "Neg", inputs: ["attention_mask"], outputs: ["y"] }],
    },
    textCard("embedding"),
    /has no input "input_ids"/,
  ],
])("%s", async (_, graph, card, message) => {
  await expect(inspectModel(textFolder(graph), card)).rejects.toThrow(message);
});

test("results that are no numbers", async () => {
  const graph = lookupGraph();
  const broken = {
    ...graph,
    initializers: [{ ...graph.initializers?.[0], data: new Uint8Array(8 * 3 * 4).fill(0xff) }],
  };
  const folder = modelFolder({ "model.onnx": onnxModel(broken as typeof graph), "tokenizer.json": TOKENIZER });
  await expect(inspectModel(folder, textCard("embedding"))).rejects.toThrow("is not finite");
});

test("a tokenizer whose ids the graph's table does not hold", async () => {
  const graph = lookupGraph();
  const [table] = graph.initializers ?? [];
  const short = {
    ...graph,
    initializers: [{ ...table, shape: [7, 3], data: (table as { data: Uint8Array }).data.subarray(0, 84) }],
  };
  await expect(inspectModel(textFolder(short as typeof graph), textCard("embedding"))).rejects.toThrow(
    /the tokenizer does not fit the model: it gives token ids up to 7, which the graph refuses/,
  );
});
