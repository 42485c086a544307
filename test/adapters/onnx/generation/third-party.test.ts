/** Models that nobody here made, in both layouts: with `position_ids` (stories260k), and without (SmolLM2). */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { causalGraph } from "../../../../adapters/onnx/generation/causal-graph.ts";
import { unbudgetedKeyValueMemory } from "../../../../adapters/onnx/generation/key-value-memory.ts";
import { openGraph, openGraphWithRows } from "../../../../adapters/onnx/graph.ts";
import type { LoadedModel } from "../../../../adapters/onnx/load-model.ts";
import { createTokenizer } from "../../../../adapters/onnx/text/tokenizer.ts";
import { describeWithData } from "../../../shared-data.ts";
import { bareLoop } from "./bare-loop.ts";
import { generated, generatorCard, load } from "./generator.ts";

describeWithData("models/stories260k", "stories260k", (folder) => {
  const card = generatorCard({ model: "model.onnx", tokenizer: "tokenizer.json" }, 512);
  const golden = JSON.parse(readFileSync(join(folder, "golden_greedy_ids.json"), "utf8")) as number[];

  test("writes its golden 256 tokens", async () => {
    const tokenizer = await createTokenizer({
      tokenizer: JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object,
    });
    const model = await load(folder, card);
    const [start = 1, ...expected] = golden;
    const { choices, usage } = await generated(model, {
      prompts: [{ type: "tokens", ids: [start] }],
      maxTokens: expected.length,
      topLogprobs: 0,
    });
    expect(usage).toMatchObject({ inputTokens: 1, outputTokens: expected.length });
    expect(choices[0]?.text).toBe(tokenizer.decode(expected));
    expect(choices[0]?.tokens).toHaveLength(expected.length);
    await model.release();
  });

  test("has no chat template, and says so", async () => {
    const model = await load(folder, card);
    await expect(
      generated(model, { prompts: [{ type: "chat", messages: [{ role: "user", content: "Hi" }] }] }),
    ).rejects.toMatchObject({ code: "unsupported_task", message: expect.stringContaining("/v1/completions") });
    await model.release();
  });
});

/** Made by make/smollm2.py of the shared data. */
const SMOLLM2 = process.env.FARTHING_SMOLLM2_DIR ?? join(homedir(), ".cache/farthing/smollm2");
const withSmolLm2 = existsSync(join(SMOLLM2, "model.onnx")) ? describe : (describe.skip as unknown as typeof describe);

withSmolLm2(`SmolLM2-135M-Instruct (skipped where FARTHING_SMOLLM2_DIR has no model.onnx)`, () => {
  const artifacts = {
    model: "model.onnx",
    externalData: ["model.onnx_data"],
    tokenizer: "tokenizer.json",
    config: "config.json",
    generationConfig: "generation_config.json",
    tokenizerConfig: "tokenizer_config.json",
  };
  const PROMPT =
    "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n" +
    "<|im_start|>user\nList three primary colours.<|im_end|>\n<|im_start|>assistant\n";
  const COUNT = 32;
  let model: LoadedModel;
  beforeAll(async () => {
    model = await load(SMOLLM2, generatorCard(artifacts, 2_048));
  });
  afterAll(() => model.release());

  test("a chat gets the tokens that a bare loop over ONNX Runtime gets, of the same file, in the same run", async () => {
    const tokenizer = await createTokenizer({
      tokenizer: JSON.parse(readFileSync(join(SMOLLM2, "tokenizer.json"), "utf8")) as object,
    });
    const expected = await bareLoop(join(SMOLLM2, "model.onnx"), tokenizer.encodeBare(PROMPT), COUNT);
    const chat = { type: "chat", messages: [{ role: "user", content: "List three primary colours." }] } as const;
    const { choices, usage } = await generated(model, { prompts: [chat], maxTokens: COUNT, topLogprobs: 0 });
    expect(choices[0]?.text).toBe(tokenizer.decode(expected));
    expect(usage).toMatchObject({ inputTokens: tokenizer.encodeBare(PROMPT).length, outputTokens: COUNT });
  });

  test("keys and values as rows, or fed back, read in one run or in many: the same logits, also after going back", async () => {
    const path = join(SMOLLM2, "model.onnx");
    const memory = unbudgetedKeyValueMemory();
    const withRows = await openGraphWithRows(path, { threads: 1 });
    expect(withRows.hasRowOutputs).toBe(true);
    const plain = await openGraph(path, { threads: 1 });
    expect(withRows.signature).toEqual(plain.signature);
    const ids = Array.from({ length: 100 }, (_, at) => 1_000 + 37 * at);
    const expected = await causalGraph(plain, memory).start().read(ids);

    for (const graph of [plain, withRows]) {
      const reading = causalGraph(graph, memory).start();
      await reading.read(ids.slice(0, 30));
      const mark = reading.mark();
      // Further than what follows, and beyond the room that there was.
      await reading.read(ids.toReversed());
      reading.returnTo(mark);
      await reading.read(ids.slice(30, 99));
      const received = await reading.read(ids.slice(99));
      expect(largestDifference(received, expected)).toBeLessThan(TOLERANCE);
    }
    await Promise.all([withRows.release(), plain.release()]);
  });
});

/** The kernels of one token and of many add up in another order, in 8-bit activations; logits are some tens large. */
const TOLERANCE = 0.5;

const largestDifference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((largest, value, at) => Math.max(largest, Math.abs(value - (b[at] as number))), 0);
