import { type LoadedModel, loadModel } from "../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../adapters/system-clock.ts";
import type { ModelCard } from "../../../core/models/card.ts";
import type { InferenceRequest, InferenceResult } from "../../../core/protocols/spec/inference.ts";
import { lookupGraph, removeModelFolders, sumGraph, TABLE, textCard, textFolder, WIDTH } from "./model-folder.ts";
import type { GraphDescription } from "./onnx-writer.ts";

const models: LoadedModel[] = [];
afterAll(async () => {
  for (const model of models) await model.release();
  removeModelFolders();
});

const CONTEXT = { requestId: "r", deadlineMillis: Number.POSITIVE_INFINITY };

async function modelOf(graph: GraphDescription, card: ModelCard, clock = systemClock) {
  const model = await loadModel(textFolder(graph), card, { threads: 1 }, clock);
  models.push(model);
  const infer = (request: InferenceRequest, deadlineMillis = CONTEXT.deadlineMillis) =>
    model.infer(request, { ...CONTEXT, deadlineMillis });
  return {
    signature: model.signature,
    infer,
    embed: async (inputs: readonly (string | readonly number[])[], dimensions?: number) => {
      const result = await infer({ type: "embeddings", inputs, ...(dimensions !== undefined && { dimensions }) });
      return result as Extract<InferenceResult, { type: "embeddings" }>;
    },
    ask: (texts: readonly string[], outputs?: readonly string[], deadlineMillis?: number) =>
      infer(textRequest(texts, outputs), deadlineMillis) as Promise<Extract<InferenceResult, { type: "tensors" }>>,
  };
}

const textRequest = (texts: readonly string[], outputs?: readonly string[]): InferenceRequest => ({
  type: "tensors",
  inputs: [{ name: "text", dataType: "BYTES", shape: [texts.length], data: texts }],
  ...(outputs && { outputs }),
});

const wordVector = (id: number) => [...TABLE.subarray(id * WIDTH, (id + 1) * WIDTH)];
const mean = (ids: readonly number[]) =>
  wordVector(0).map((_, at) => ids.reduce((sum, id) => sum + (wordVector(id)[at] as number), 0) / ids.length);
const unit = (vector: readonly number[]) => {
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
};
const close = (received: ArrayLike<number> | undefined, expected: readonly number[]) => {
  expect(received).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(received?.[at]).toBeCloseTo(value, 5);
};

describe("embedding", () => {
  test("mean pooling counts the text and not the padding, then scales to length 1", async () => {
    const { embed } = await modelOf(lookupGraph(), textCard("embedding"));
    const { vectors, usage } = await embed(["good day bad night", "good"]);
    close(vectors[0], unit(mean([2, 4, 6, 5, 7, 3])));
    close(vectors[1], unit(mean([2, 4, 3])));
    expect(usage).toMatchObject({ inputTokens: 9, outputTokens: 0 });
  });

  test("the first token, when the card says so; and no scaling", async () => {
    const { embed } = await modelOf(lookupGraph(), textCard("embedding", { pooling: "cls", normalize: false }));
    close((await embed(["good day"])).vectors[0], wordVector(2));
  });

  test("a graph that pools by itself is taken at its word", async () => {
    const pooled = { ...sumGraph(["input_ids"]) };
    const { embed } = await modelOf(pooled, textCard("embedding", { pooling: "none", normalize: false }));
    const sum = mean([2, 4, 3]).map((value) => value * 3);
    close((await embed(["good"])).vectors[0], sum);
  });

  test("shortened vectors are scaled again", async () => {
    const { embed } = await modelOf(lookupGraph(), textCard("embedding"));
    close((await embed(["good"], 2)).vectors[0], unit(mean([2, 4, 3]).slice(0, 2)));
    await expect(embed(["good"], 4)).rejects.toMatchObject({ code: "invalid_field", field: "dimensions" });
  });

  test("token ids are taken as they are, after a look at the vocabulary", async () => {
    const { embed } = await modelOf(lookupGraph(), textCard("embedding"));
    const { vectors } = await embed(["good", [2, 4, 3]]);
    expect(vectors[1]).toEqual(vectors[0]);
    await expect(embed([[2, 8]])).rejects.toMatchObject({
      field: "input[0][1]",
      message: expect.stringContaining("is 8"),
    });
    await expect(embed([[]])).rejects.toMatchObject({ field: "input[0]" });
  });

  test("as tensors: the same vectors, one row each", async () => {
    const { embed, ask, signature } = await modelOf(lookupGraph(), textCard("embedding"));
    const texts = ["good", "bad night", "day"];
    const { outputs } = await ask(texts);
    expect(outputs).toMatchObject([{ name: "embedding", dataType: "FP32", shape: [3, WIDTH] }]);
    expect(signature.outputs).toEqual([{ name: "embedding", dataType: "FP32", shape: [-1, WIDTH] }]);
    const { vectors } = await embed(texts);
    expect([...(outputs[0]?.data as Float32Array)]).toEqual(vectors.flatMap((vector) => [...vector]));
  });

  test("a text's vector does not depend on what else is in the request", async () => {
    const { embed } = await modelOf(lookupGraph(), textCard("embedding"));
    const texts = Array.from(
      { length: 300 },
      (_, index) => ["good", "day night", "bad good day night bad"][index % 3] as string,
    );
    const together = (await embed(texts)).vectors;
    for (const index of [0, 1, 2, 297, 298, 299]) {
      expect(together[index]).toEqual((await embed([texts[index] as string])).vectors[0]);
    }
  });

  test.each([
    ["a fixed length, filled up", lookupGraph(["input_ids", "attention_mask"], 12)],
    ["token types as well", lookupGraph(["input_ids", "attention_mask", "token_type_ids"])],
    ["32-bit ids", withIds("INT32")],
  ])("graphs that want %s get it", async (_, graph) => {
    const { embed } = await modelOf(graph, textCard("embedding"));
    close((await embed(["good day", "bad"])).vectors[1], unit(mean([2, 5, 3])));
  });
});

function withIds(element: "INT32"): GraphDescription {
  const graph = lookupGraph();
  return { ...graph, inputs: graph.inputs.map((input) => ({ ...input, element })) };
}

describe("text classification", () => {
  const logits = (ids: readonly number[]) => mean(ids).map((value) => value * ids.length);
  const softmax = (values: readonly number[]) => {
    const exponents = values.map(Math.exp);
    return exponents.map((value) => value / exponents.reduce((sum, one) => sum + one, 0));
  };
  const LABELS = ["joy", "fear", "calm"];

  test("answers the best label, its score, and the scores of all", async () => {
    const { ask } = await modelOf(sumGraph(), textCard("text-classification"));
    const { outputs, usage } = await ask(["good day", "bad"]);
    const expected = [softmax(logits([2, 4, 6, 3])), softmax(logits([2, 5, 3]))];
    const best = expected.map((scores) => scores.indexOf(Math.max(...scores)));
    expect(outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["label", [2]],
      ["score", [2]],
      ["scores", [2, 3]],
    ]);
    expect(outputs[0]?.data).toEqual(best.map((index) => LABELS[index]));
    close(
      outputs[1]?.data as Float32Array,
      best.map((index, row) => expected[row]?.[index] as number),
    );
    close(outputs[2]?.data as Float32Array, expected.flat());
    expect(usage.inputTokens).toBe(7);
  });

  test("several labels at once are scored each on its own", async () => {
    const { ask } = await modelOf(sumGraph(), textCard("text-classification", { multiLabel: true }));
    const { outputs } = await ask(["good"], ["scores"]);
    expect(outputs.map(({ name }) => name)).toEqual(["scores"]);
    close(
      outputs[0]?.data as Float32Array,
      logits([2, 4, 3]).map((value) => 1 / (1 + Math.exp(-value))),
    );
  });

  test("without a mask, padding would be text: rows of other lengths run apart", async () => {
    const { ask } = await modelOf(sumGraph(), textCard("text-classification"));
    const alone = (await ask(["good"])).outputs[2]?.data;
    const beside = (await ask(["good day bad night", "good"])).outputs[2]?.data as Float32Array;
    expect(beside.slice(3)).toEqual(alone);
  });

  test("it makes no embeddings", async () => {
    const { embed } = await modelOf(sumGraph(), textCard("text-classification"));
    await expect(embed(["good"])).rejects.toMatchObject({ code: "unsupported_task" });
  });
});

describe("what a text must be", () => {
  test("too long: its length and the limit are named, with the place in the request", async () => {
    const { ask, embed } = await modelOf(lookupGraph(), textCard("embedding", { maxTokens: 5 }));
    expect((await embed(["good day night"])).usage.inputTokens).toBe(5);
    await expect(embed(["good", "good day night bad"])).rejects.toMatchObject({
      code: "invalid_field",
      field: "input[1]",
      message: "input[1] has 6 tokens; the model takes at most 5. Shorten or split it.",
    });
    await expect(ask(["good day night bad"])).rejects.toMatchObject({ field: "inputs[0].data[0]" });
    await expect(embed(["x".repeat(5 * 64 + 1)])).rejects.toThrow("321 characters");
  });

  test("a deadline that has passed stops the work between batches", async () => {
    const clock = { ...systemClock, epochMillis: () => 1_000 };
    const { ask } = await modelOf(lookupGraph(), textCard("embedding"), clock);
    await expect(ask(["good"], undefined, 1_000)).rejects.toMatchObject({ code: "deadline_exceeded" });
    expect((await ask(["good"], undefined, 1_001)).outputs).toHaveLength(1);
  });
});
