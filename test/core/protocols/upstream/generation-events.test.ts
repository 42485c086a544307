/** An engine's streams, whole, cut anywhere and broken in every way that was seen in the field. */
import fc from "fast-check";
import type { FarthingError } from "../../../../core/errors.ts";
import type { GenerationEvent, GenerationInference } from "../../../../core/protocols/spec/generation.ts";
import { PLAIN } from "../../../../core/protocols/spec/sampling.ts";
import { generationEvents, wholeGeneration } from "../../../../core/protocols/upstream/generation-events.ts";

const REQUEST: GenerationInference = {
  type: "generation",
  prompts: [{ type: "chat", messages: [{ role: "user", content: "Hello, you!" }] }],
  choices: 1,
  sampling: PLAIN,
  stop: [],
};

const chunk = (delta: object, rest: object = {}, usage?: object) =>
  JSON.stringify({ id: "x", choices: [{ index: 0, delta, ...rest }], ...(usage && { usage }) });
const counts = (prompt_tokens: number, completion_tokens: number, rest: object = {}) => ({
  prompt_tokens,
  completion_tokens,
  total_tokens: prompt_tokens + completion_tokens,
  ...rest,
});
const streamOf = (...data: readonly string[]) => Buffer.from(data.map((one) => `data: ${one}\n\n`).join(""));

/** vLLM with `continuous_usage_stats`. */
const COUNTED = streamOf(
  chunk({ role: "assistant", content: "" }, {}, counts(7, 0)),
  chunk({ reasoning_content: "Hm." }, {}, counts(7, 2)),
  chunk({ content: "Grüß " }, {}, counts(7, 4)),
  chunk({ content: "dich 👋" }, {}, counts(7, 9)),
  chunk({}, { finish_reason: "stop" }, counts(7, 10)),
  JSON.stringify({ choices: [], usage: counts(7, 10, { prompt_tokens_details: { cached_tokens: 4 } }) }),
  "[DONE]",
);
const COUNTED_EVENTS = [
  { type: "start", inputTokens: 7 },
  { type: "text-start", choice: 0 },
  { type: "reasoning-delta", choice: 0, text: "Hm.", outputTokens: 2 },
  { type: "text-delta", choice: 0, text: "Grüß ", outputTokens: 2 },
  { type: "text-delta", choice: 0, text: "dich 👋", outputTokens: 5 },
  { type: "text-finish", choice: 0, reason: "stop", outputTokens: 1 },
  { type: "finish", usage: { inputTokens: 7, cachedInputTokens: 4, outputTokens: 10, inferenceMillis: 1 } },
];

async function* parts(bytes: Uint8Array, cuts: readonly number[] = []): AsyncGenerator<Uint8Array> {
  const ends = [...new Set(cuts.map((cut) => cut % bytes.length))].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, bytes.length]) {
    if (end > start) yield bytes.subarray(start, end);
    start = end;
  }
}

async function read(bytes: AsyncIterable<Uint8Array>, request = REQUEST) {
  let now = 0;
  const events: GenerationEvent[] = [];
  try {
    for await (const event of generationEvents(bytes, request, () => now++)) events.push(event);
  } catch (error) {
    return { events, error: error as FarthingError };
  }
  return { events, error: undefined };
}

test("a stream cut anywhere, in lines and in characters, says the same", async () => {
  expect(await read(parts(COUNTED))).toEqual({ events: COUNTED_EVENTS, error: undefined });
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { maxLength: 60 }), async (cuts) => {
      expect((await read(parts(COUNTED, cuts))).events).toEqual(COUNTED_EVENTS);
    }),
    { numRuns: 200 },
  );
});

test("a stream byte by byte, with CRLF, comments and other fields", async () => {
  const text = COUNTED.toString().replaceAll("\n", "\r\n");
  const noisy = Buffer.from(`: ping\r\n\r\nevent: x\r\nid: 1\r\n${text}`);
  const bytes = parts(noisy, [...noisy.keys()]);
  expect((await read(bytes)).events).toEqual(COUNTED_EVENTS);
});

test("an engine that counts at the end only: estimates until then", async () => {
  const stream = streamOf(
    chunk({ content: "a" }),
    chunk({ content: "b" }, { finish_reason: "length" }),
    JSON.stringify({ choices: [], usage: counts(6, 2) }),
    "[DONE]",
  );
  const { events } = await read(parts(stream));
  expect(events[0]).toEqual({ type: "start", inputTokens: 10, estimated: true });
  expect(events.at(-1)).toMatchObject({ usage: { inputTokens: 6, outputTokens: 2 } });
  expect(events.at(-1)).not.toHaveProperty("usage.estimated");
});

test("an engine that never counts: estimated, and said so", async () => {
  const { events } = await read(
    parts(streamOf(chunk({ content: "a" }), chunk({}, { finish_reason: "stop" }), "[DONE]")),
  );
  expect(events.at(-1)).toMatchObject({ type: "finish", usage: { inputTokens: 10, outputTokens: 1, estimated: true } });
});

test("tool calls, in pieces and at once", async () => {
  const call = (index: number, members: object) => chunk({ tool_calls: [{ index, ...members }] });
  const stream = streamOf(
    call(0, { id: "c1", type: "function", function: { name: "f", arguments: "" } }),
    call(0, { function: { arguments: '{"a":' } }),
    call(0, { function: { arguments: "1}" } }),
    call(1, { function: { name: "g", arguments: "{}" } }),
    chunk({}, { finish_reason: "tool_calls" }),
    "[DONE]",
  );
  const { events } = await read(parts(stream));
  expect(events.slice(2, -1)).toEqual([
    { type: "tool-call-start", choice: 0, call: 0, id: "c1", name: "f", outputTokens: 1 },
    { type: "tool-call-delta", choice: 0, call: 0, argumentsText: '{"a":', outputTokens: 1 },
    { type: "tool-call-delta", choice: 0, call: 0, argumentsText: "1}", outputTokens: 1 },
    { type: "tool-call-start", choice: 0, call: 1, id: "call_0_1", name: "g", outputTokens: 1 },
    { type: "tool-call-delta", choice: 0, call: 1, argumentsText: "{}", outputTokens: 1 },
    { type: "text-finish", choice: 0, reason: "tool-calls", outputTokens: 0 },
  ]);
});

test("log probabilities of both forms", async () => {
  const content = [{ token: "a", logprob: -0.5, bytes: [97], top_logprobs: [{ token: "b", logprob: -1 }] }];
  const stream = streamOf(chunk({ content: "a" }, { logprobs: { content }, finish_reason: "stop" }), "[DONE]");
  const { events } = await read(parts(stream), { ...REQUEST, topLogprobs: 1 });
  const tokens = [{ text: "a", logprob: -0.5, bytes: [97], top: [{ text: "b", logprob: -1 }] }];
  expect(events[2]).toEqual({ type: "text-delta", choice: 0, text: "a", outputTokens: 1, tokens });
  const logprobs = { tokens: ["a"], token_logprobs: [-0.5], top_logprobs: [{ b: -1 }] };
  const columns = JSON.stringify({ choices: [{ index: 0, text: "a", logprobs, finish_reason: "stop" }] });
  const older = await read(parts(streamOf(columns, "[DONE]")), { ...REQUEST, prompts: [{ type: "text", text: "x" }] });
  expect(older.events[2]).toMatchObject({ tokens: [{ text: "a", logprob: -0.5, top: [{ text: "b", logprob: -1 }] }] });
});

test.each([
  ["nothing", Buffer.alloc(0), []],
  ["an end at once", streamOf("[DONE]"), []],
  ["no JSON", streamOf("<html>"), []],
  ["no object", streamOf("[1]"), []],
  ["no choices", streamOf("{}"), []],
  ["half of it", COUNTED.subarray(0, 300), ["start", "text-start"]],
  ["no UTF-8", Buffer.concat([streamOf(chunk({ content: "a" })), Buffer.from([0xff, 0xfe, 0x0a])]), []],
  ["a choice that nobody asked for", streamOf(JSON.stringify({ choices: [{ index: 1, delta: {} }] })), ["start"]],
  [
    "arguments without a call",
    streamOf(chunk({ tool_calls: [{ index: 0, function: { arguments: "1" } }] })),
    ["start", "text-start"],
  ],
])("%s: an error that says nothing of the engine, its cause for the log", async (_, bytes, before) => {
  const { events, error } = await read(parts(bytes));
  expect(events.slice(0, before.length).map(({ type }) => type)).toEqual(before);
  expect(error).toMatchObject({
    code: "dependency_unavailable",
    message: expect.stringMatching(/^The engine behind this model/),
  });
  expect((error?.cause as Error).message).not.toBe("");
});

test.each([
  [
    { error: { message: "context is 8 tokens", type: "BadRequestError", code: 400, param: "messages" } },
    "invalid_field",
  ],
  [{ object: "error", message: "too long", type: "invalid_request_error" }, "invalid_field"],
  [{ error: { message: "slow down", code: 429 } }, "overloaded"],
  [{ error: { message: "CUDA out of memory at 0x7f", type: "InternalServerError" } }, "dependency_unavailable"],
  [{ error: "boom" }, "dependency_unavailable"],
])("an error inside of a good status: %j", async (body, code) => {
  const streamed = await read(parts(streamOf(chunk({ content: "a" }), JSON.stringify(body))));
  expect(streamed.error).toMatchObject({ code });
  expect(streamed.error?.message).not.toMatch(/CUDA|boom/);
  expect(() => [...wholeGeneration(JSON.stringify(body), REQUEST, () => 0)]).toThrow(expect.objectContaining({ code }));
});

test("an answer in one piece", () => {
  const body = {
    choices: [{ index: 0, message: { role: "assistant", content: "Hello there" }, finish_reason: "stop" }],
  };
  const whole = (extra: object) => [...wholeGeneration(JSON.stringify({ ...body, ...extra }), REQUEST, () => 0)];
  expect(whole({ usage: counts(3, 2) }).slice(2)).toEqual([
    { type: "text-delta", choice: 0, text: "Hello there", outputTokens: 2 },
    { type: "text-finish", choice: 0, reason: "stop", outputTokens: 0 },
    { type: "finish", usage: { inputTokens: 3, outputTokens: 2, inferenceMillis: 0 } },
  ]);
  expect(whole({}).at(-1)).toMatchObject({ usage: { outputTokens: 3, estimated: true } });
});
