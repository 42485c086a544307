/** A chat of several turns, with models as a function loads them: what is read once is not read again, for its tenant alone. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { createKeyValueMemory } from "../../../../adapters/onnx/generation/key-value-memory.ts";
import { type LoadedModel, loadModel } from "../../../../adapters/onnx/load-model.ts";
import { systemClock } from "../../../../adapters/system-clock.ts";
import { type ModelCard, parseModelCard } from "../../../../core/models/card.ts";
import type { ChatMessage, GenerationInference } from "../../../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../../../core/protocols/spec/sampling.ts";
import { CONTEXT, generated, generatorCard, text } from "./generator.ts";

const GLOSSARY = resolve(import.meta.dirname, "../../../../models/glossary");
const glossaryCard = parseModelCard(JSON.parse(readFileSync(join(GLOSSARY, "model.json"), "utf8")), "model.json");

function memoryOf(bytes: number) {
  return createKeyValueMemory({ bytes: () => bytes, mostBytes: () => bytes, makeWay: () => {} });
}

const load = (folder: string, card: ModelCard, memory = memoryOf(2 ** 28)) =>
  loadModel(folder, card, { threads: 1 }, systemClock, { keyValueMemory: memory });

const as = (tenant: string) => ({ ...CONTEXT, tenant });

describe("the demo model, whose graph gives nearly the same numbers for one token and for several", () => {
  const ASK = text("What is a dog? Tell me more of it, and of what it does, please.");
  let model: LoadedModel;
  const memory = memoryOf(2 ** 28);
  beforeEach(async () => {
    model = await load(GLOSSARY, glossaryCard, memory);
  });
  afterEach(() => model.release());

  test("a repeated prompt is not read again, and gets the same text", async () => {
    const first = await generated(model, ASK, as("acme"));
    const again = await generated(model, ASK, as("acme"));
    expect(first.usage.cachedInputTokens).toBe(0);
    expect(again.usage.cachedInputTokens).toBe(again.usage.inputTokens - 2);
    expect(again.choices).toEqual(first.choices);
    expect(again.usage.inputTokens).toBe(first.usage.inputTokens);
  });

  test("another tenant, or none, gets nothing of it", async () => {
    for (let time = 0; time < 2; time++) await generated(model, ASK, as("acme"));
    for (const context of [as("other"), CONTEXT]) {
      expect((await generated(model, ASK, context)).usage.cachedInputTokens).toBe(0);
    }
  });

  test("a model that is released gives all memory back", async () => {
    await generated(model, ASK, as("acme"));
    expect(memory.heldBytes()).toBeGreaterThan(0);
    await model.release();
    expect(memory.heldBytes()).toBe(0);
    model = await load(GLOSSARY, glossaryCard, memory);
  });

  test("a reader that leaves in the middle leaves no memory behind but what is kept", async () => {
    const result = await model.infer(
      { type: "generation", ...ASK, choices: 1, sampling: GREEDY, stop: [] } satisfies GenerationInference,
      CONTEXT,
    );
    if (result.type !== "generation") throw new Error(result.type);
    for await (const { type } of result.events) if (type === "text-delta") break;
    expect(memory.heldBytes()).toBe(0);
  });
});

test("a context that there is no memory for is refused with the number that there is memory for", async () => {
  const model = await load(GLOSSARY, glossaryCard, memoryOf(200_000));
  const refused = generated(model, { ...text("What is a dog?"), maxTokens: 240 });
  await expect(refused).rejects.toMatchObject({
    code: "invalid_field",
    message: expect.stringMatching(/This deployment has memory for \d+ of the 256 tokens of the model's context/),
  });
  await model.release();
});

const SMOLLM2 = process.env.FARTHING_SMOLLM2_DIR ?? join(homedir(), ".cache/farthing/smollm2");
const withSmolLm2 = existsSync(join(SMOLLM2, "model.onnx")) ? describe : (describe.skip as unknown as typeof describe);

withSmolLm2("SmolLM2-135M-Instruct (skipped where FARTHING_SMOLLM2_DIR has no model.onnx)", () => {
  const ARTIFACTS = {
    model: "model.onnx",
    externalData: ["model.onnx_data"],
    tokenizer: "tokenizer.json",
    config: "config.json",
    generationConfig: "generation_config.json",
    tokenizerConfig: "tokenizer_config.json",
  };
  const card = generatorCard(ARTIFACTS, 1_024);
  const always: ModelCard = { ...card, text: { maxTokens: 1_024, lookahead: "always" } };
  const user = (content: string): ChatMessage => ({ role: "user", content });
  const chat = (...messages: readonly ChatMessage[]) => ({ prompts: [{ type: "chat", messages } as const] });
  const REPEAT = chat(user("Repeat this list three times: apples, pears, plums, cherries, figs, dates, grapes."));
  let model: LoadedModel;
  let greedyAhead: LoadedModel;
  beforeAll(async () => {
    [model, greedyAhead] = [await load(SMOLLM2, card), await load(SMOLLM2, always)];
    // The first answer shows whether the graph may be read ahead.
    for (const each of [model, greedyAhead]) await generated(each, { ...REPEAT, maxTokens: 2 });
  });
  afterAll(() => Promise.all([model.release(), greedyAhead.release()]));

  test.each([
    ["sampled", { ...GREEDY, temperature: 0.6, seed: 4 }],
    ["greedy, by its card", GREEDY],
  ])("%s: what is read ahead changes no token", async (_, sampling) => {
    const ask = { ...REPEAT, maxTokens: 60, sampling, topLogprobs: 1 };
    // A model that has not answered yet reads one token at a time.
    const fresh = await load(SMOLLM2, always);
    const plain = await generated(fresh, ask);
    await fresh.release();
    expect((await generated(greedyAhead, ask)).choices).toEqual(plain.choices);
  });

  test.each([
    ["greedy", GREEDY],
    ["sampled", { ...GREEDY, temperature: 0.6, seed: 4 }],
  ])("%s: a second turn reads what is new, and says what it would have said", async (_, sampling) => {
    const [first, second] = [user("Name a colour."), user("And another one?")];
    const options = { maxTokens: 12, sampling };
    const { choices, usage } = await generated(model, { ...chat(first), ...options }, as("acme"));
    const turn = chat(first, { role: "assistant", content: choices[0]?.text ?? "" }, second);
    const anew = await generated(model, { ...turn, ...options });
    const reused = await generated(model, { ...turn, ...options }, as("acme"));
    expect(anew.usage.cachedInputTokens).toBe(0);
    expect(reused.usage.cachedInputTokens).toBeGreaterThanOrEqual(usage.inputTokens);
    expect(reused.choices).toEqual(anew.choices);
  });
});
