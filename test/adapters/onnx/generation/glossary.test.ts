/** The demo model, with its own golden texts: what every part of a generation has to keep to. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { LoadedModel } from "../../../../adapters/onnx/load-model.ts";
import { parseModelCard } from "../../../../core/models/card.ts";
import type { GenerationEvent } from "../../../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../../../core/protocols/spec/sampling.ts";
import { CONTEXT, eventsOf, generated, load, text } from "./generator.ts";

const FOLDER = resolve(import.meta.dirname, "../../../../models/glossary");
const readJson = (file: string) => JSON.parse(readFileSync(join(FOLDER, file), "utf8"));
const golden = readJson("evaluation.json").golden as { prompt: string; ids: number[]; text: string }[];

let model: LoadedModel;
beforeAll(async () => {
  model = await load(FOLDER, parseModelCard(readJson("model.json"), "model.json"));
});
afterAll(() => model.release());

const [DOG] = golden as [(typeof golden)[0], ...typeof golden];
const WARM = { ...GREEDY, temperature: 1, seed: 11 };

test.each(golden)("$prompt goes on as it was trained to", async ({ prompt, ids, text: expected }) => {
  const { choices, usage } = await generated(model, text(prompt));
  expect(choices.map(({ text: said, reason }) => ({ said, reason }))).toEqual([{ said: expected, reason: "stop" }]);
  // The end mark is a token that the model made, though it spells nothing.
  expect(usage.outputTokens).toBe(ids.length);
});

test("the events come in order, whole characters at a time, and account for every token", async () => {
  const events: GenerationEvent[] = [];
  for await (const event of await eventsOf(model, text(DOG.prompt))) events.push(event);
  const types = events.map(({ type }) => type);
  expect(types.slice(0, 3)).toEqual(["start", "text-start", "text-delta"]);
  expect(types.slice(-2)).toEqual(["text-finish", "finish"]);
  const told = events.reduce((sum, event) => sum + ("outputTokens" in event ? event.outputTokens : 0), 0);
  const finish = events.at(-1);
  expect(finish).toMatchObject({ usage: { inputTokens: expect.any(Number), outputTokens: told } });
  expect(events[0]).toEqual({
    type: "start",
    inputTokens: (finish as { usage: { inputTokens: number } }).usage.inputTokens,
  });
});

test("a chat is laid out by the model's template", async () => {
  const chat = { prompts: [{ type: "chat", messages: [{ role: "user", content: DOG.prompt }] }] } as const;
  const [asChat, asText] = [await generated(model, chat), await generated(model, text(DOG.prompt))];
  expect(asChat.choices).toEqual(asText.choices);
  expect(asChat.usage.inputTokens).toBe(asText.usage.inputTokens);
});

test("several prompts and choices: each its own text, together one usage", async () => {
  const prompts = golden.map(({ prompt }) => ({ type: "text", text: prompt }) as const);
  const greedy = await generated(model, { prompts, choices: 2 });
  expect(greedy.choices.map((choice) => choice.text)).toEqual(golden.flatMap((one) => [one.text, one.text]));
  expect(greedy.usage.outputTokens).toBe(2 * golden.reduce((sum, { ids }) => sum + ids.length, 0));
});

test("a seed repeats itself, choices of one request differ, and so do requests without a seed", async () => {
  const ask = { ...text(DOG.prompt), choices: 3, sampling: WARM };
  const once = await generated(model, ask);
  expect((await generated(model, ask)).choices).toEqual(once.choices);
  expect(new Set(once.choices.map((choice) => choice.text)).size).toBe(3);
  const { seed: _, ...seedless } = WARM;
  const of = (requestId: string) => generated(model, { ...ask, sampling: seedless }, { ...CONTEXT, requestId });
  expect((await of("a")).choices).not.toEqual((await of("b")).choices);
});

test("maxTokens ends a choice, and costs no step more", async () => {
  const { choices, usage } = await generated(model, { ...text(DOG.prompt), maxTokens: 3 });
  expect(choices[0]?.reason).toBe("length");
  expect(DOG.text.startsWith(choices[0]?.text as string)).toBe(true);
  expect(usage.outputTokens).toBe(3);
});

test("a stop text ends a choice across the borders of tokens, and is no part of it", async () => {
  const stop = DOG.text.slice(Math.floor(DOG.text.length / 3), Math.floor(DOG.text.length / 2));
  const { choices } = await generated(model, { ...text(DOG.prompt), stop: [stop, "nowhere"] });
  expect(choices[0]).toMatchObject({ text: DOG.text.slice(0, DOG.text.indexOf(stop)), reason: "stop" });
});

test("log probabilities: of the token that came, and of the likeliest; they belong to the text", async () => {
  const { choices } = await generated(model, { ...text(DOG.prompt), topLogprobs: 3, maxTokens: 5 });
  const { tokens, text: said } = choices[0] as (typeof choices)[0];
  expect(tokens.map((token) => token.text).join("")).toBe(said);
  for (const { text: spelled, logprob, bytes, top } of tokens) {
    expect(top).toHaveLength(3);
    // Greedy: what came is the likeliest.
    expect(top[0]).toEqual({ text: spelled, logprob, bytes });
    const shares = top.map((token) => Math.exp(token.logprob));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(1);
    expect(Buffer.from(bytes as number[]).toString()).toBe(spelled);
  }
});

test.each([
  [text(""), /prompt holds no token|^$/],
  [
    { ...text(DOG.prompt), maxTokens: 254 },
    /context holds 256 tokens; this request asks for \d+: \d+ of prompt and 254 of the answer/,
  ],
  [text("dog ".repeat(400)), /context holds 256 tokens for prompt and answer together; prompt has \d+/],
  [text("a".repeat(256 * 64 + 1)), /prompt has 16385 characters/],
  [
    { prompts: [{ type: "tokens", ids: [3, 4096] }] as const },
    /prompt\[1\] is 4096, which is no token id of this model/,
  ],
])("refused before anything is said: %#", async (request, message) => {
  const events = (await eventsOf(model, request))[Symbol.asyncIterator]();
  const outcome = await events.next().catch((error: Error) => error);
  // A tokenizer that puts a mark before every text makes a prompt even of nothing.
  if (!(outcome instanceof Error)) expect(request).toEqual(text(""));
  else expect(outcome).toMatchObject({ code: "invalid_field", message: expect.stringMatching(message) });
});

test("the deadline and a caller who goes away end it between two tokens", async () => {
  const warm = { ...text(DOG.prompt), sampling: { ...WARM, logitBias: { "1": -100 } } };
  await expect(generated(model, warm, { ...CONTEXT, deadlineMillis: Date.now() + 15 })).rejects.toMatchObject({
    code: "deadline_exceeded",
  });
  const leaving = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of await eventsOf(model, warm, { ...CONTEXT, signal: leaving.signal })) {
      seen.push(event.type);
      if (seen.length === 5) leaving.abort();
    }
  })();
  await expect(reading).rejects.toMatchObject({ code: "cancelled" });
  expect(seen.length).toBeLessThan(7);
});

test("timers and sockets get their turn between two tokens", async () => {
  let turns = 0;
  let isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const { usage } = await generated(model, text(DOG.prompt));
  isOver = true;
  expect(turns).toBeGreaterThanOrEqual(usage.outputTokens - 1);
});
