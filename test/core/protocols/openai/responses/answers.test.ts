/** What goes over the wire, held against OpenAI's description of it, and read by OpenAI's own client. */
import OpenAI from "openai";
import { FarthingError } from "../../../../../core/errors.ts";
import type { GenerationEvent } from "../../../../../core/protocols/spec/generation.ts";
import { answeredBy, bodyText } from "../../fixture-model.ts";
import { decode, GENERATOR, HELLO, saying, streamText, USAGE } from "../generation/generation-fixture.ts";
import { differences, isDescribed } from "../openai-description.ts";

interface Told {
  readonly type: string;
  readonly sequence_number: number;
  // biome-ignore lint/suspicious/noExplicitAny: events of many shapes, looked into member by member.
  readonly [member: string]: any;
}

const BODY = { model: "m", input: "Hi" };
const answer = (fields: object, events: AsyncIterable<GenerationEvent>) =>
  decode("/v1/responses", { ...BODY, ...fields }).encodeEvents(events, answeredBy(GENERATOR));

async function told(
  events: readonly GenerationEvent[],
  thenFails?: Error,
  fields: object = {},
): Promise<readonly Told[]> {
  const text = await streamText(await answer({ ...fields, stream: true }, saying(events, thenFails)));
  const blocks = text.split("\n\n").filter((block) => block !== "");
  expect(blocks.pop()).toBe("data: [DONE]");
  return blocks.map((block) => {
    const [name, data] = block.split("\n") as [string, string];
    const event = JSON.parse(data.slice("data: ".length)) as Told;
    expect(name).toBe(`event: ${event.type}`);
    return event;
  });
}

const whole = async (events: readonly GenerationEvent[], fields: object = {}) =>
  JSON.parse(bodyText(await answer(fields, saying(events))));

/** Thinks, says something, and calls two tools whose arguments come by turns. */
const TURN: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 5 },
  { type: "text-start", choice: 0 },
  { type: "reasoning-delta", choice: 0, text: "Look ", outputTokens: 1 },
  { type: "reasoning-delta", choice: 0, text: "it up.", outputTokens: 1 },
  { type: "text-delta", choice: 0, text: "One moment.", outputTokens: 2 },
  { type: "tool-call-start", choice: 0, call: 0, id: "c1", name: "weather", outputTokens: 1 },
  { type: "tool-call-delta", choice: 0, call: 0, argumentsText: '{"city":', outputTokens: 1 },
  { type: "tool-call-start", choice: 0, call: 1, id: "c2", name: "time", outputTokens: 1 },
  { type: "tool-call-delta", choice: 0, call: 1, argumentsText: "{}", outputTokens: 1 },
  { type: "tool-call-delta", choice: 0, call: 0, argumentsText: '"Bern"}', outputTokens: 1 },
  { type: "text-finish", choice: 0, reason: "tool-calls", outputTokens: 1 },
  { type: "finish", usage: { ...USAGE, outputTokens: 10, cachedInputTokens: 2, reasoningTokens: 2 } },
];

const LOGPROBS: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 5 },
  { type: "text-start", choice: 0 },
  {
    type: "text-delta",
    choice: 0,
    text: "Hi",
    outputTokens: 1,
    tokens: [{ text: "Hi", bytes: [72, 105], logprob: -0.5, top: [{ text: "Ho", bytes: [72, 111], logprob: -2 }] }],
  },
  { type: "text-finish", choice: 0, reason: "length", outputTokens: 0 },
  { type: "finish", usage: USAGE },
];

test("a text, whole", async () => {
  expect(await whole(HELLO, { metadata: { a: "b" } })).toMatchObject({
    id: "resp_request-1",
    object: "response",
    status: "completed",
    model: "m",
    output: [
      {
        type: "message",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "Hello", annotations: [] }],
      },
    ],
    usage: { input_tokens: 5, output_tokens: 3, total_tokens: 8 },
    store: false,
    metadata: { a: "b" },
    x_farthing: { price_usd: "0.000011" },
  });
});

test("a text as a stream: the item begins, grows and ends, and the last event holds it all", async () => {
  const events = await told(HELLO);
  expect(events.map(({ type }) => type)).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
  expect(events.at(-1)?.response).toEqual(await whole(HELLO));
});

test("thoughts, text and calls are items; calls may grow side by side", async () => {
  const events = await told(TURN);
  const { output, usage, status } = events.at(-1)?.response ?? {};
  expect({ output, status }).toEqual({
    status: "completed",
    output: [
      expect.objectContaining({ type: "reasoning", content: [{ type: "reasoning_text", text: "Look it up." }] }),
      expect.objectContaining({ type: "message", content: [expect.objectContaining({ text: "One moment." })] }),
      expect.objectContaining({ type: "function_call", call_id: "c1", name: "weather", arguments: '{"city":"Bern"}' }),
      expect.objectContaining({ type: "function_call", call_id: "c2", name: "time", arguments: "{}" }),
    ],
  });
  expect(usage).toMatchObject({
    input_tokens_details: { cached_tokens: 2 },
    output_tokens_details: { reasoning_tokens: 2 },
  });
  // Deltas of an item, put together, are the item.
  for (const [index, item] of output.entries()) {
    const deltas = events.filter(({ type, output_index: at }) => type.endsWith(".delta") && at === index);
    const said = deltas.map(({ delta }) => delta).join("");
    expect(said).toBe(item.type === "function_call" ? item.arguments : item.content[0].text);
    expect(new Set(deltas.map(({ item_id: id }) => id))).toEqual(new Set([item.id]));
    const ended = events.filter(({ type, output_index: at }) => type === "response.output_item.done" && at === index);
    expect(ended.map((event) => event.item)).toEqual([item]);
  }
  expect(await whole(TURN)).toEqual(events.at(-1)?.response);
});

test("what is cut off is incomplete, with its probabilities", async () => {
  const events = await told(LOGPROBS, undefined, { include: ["message.output_text.logprobs"], top_logprobs: 1 });
  expect(events.at(-1)).toMatchObject({
    type: "response.incomplete",
    response: {
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      output: [{ status: "incomplete", content: [{ logprobs: [{ token: "Hi", top_logprobs: [{ token: "Ho" }] }] }] }],
    },
  });
});

test("a model that says nothing has said an empty text", async () => {
  const silent = HELLO.filter(({ type }) => type !== "text-delta");
  expect((await whole(silent)).output).toMatchObject([{ type: "message", content: [{ text: "" }] }]);
});

test("a stream that breaks says so twice: as an error, and as a response that failed with what there was", async () => {
  const broken = new FarthingError("rate_limited", "Too much.", {});
  const events = await told(HELLO.slice(0, 3), broken);
  expect(events.at(-2)).toMatchObject({ type: "error", code: "rate_limit_exceeded", message: "Too much." });
  expect(events.at(-1)).toMatchObject({
    type: "response.failed",
    response: { status: "failed", error: { code: "rate_limit_exceeded" }, output: [{ content: [{ text: "Hel" }] }] },
  });
});

test("who waits for the whole answer gets the error itself, and a broken stream of faults tells nothing of ours", async () => {
  await expect(answer({}, saying(HELLO.slice(0, 3), new FarthingError("overloaded", "Busy.")))).rejects.toThrow(
    "Busy.",
  );
  const events = await told([], new Error("secret"));
  expect(JSON.stringify(events)).not.toContain("secret");
  expect(events.at(-1)).toMatchObject({ type: "response.failed", response: { error: { code: "server_error" } } });
});

test("OpenAI's client puts the stream together", async () => {
  const client = new OpenAI({
    apiKey: "fk_test",
    baseURL: "http://farthing.test/v1",
    maxRetries: 0,
    fetch: async () =>
      new Response(await streamText(await answer({ stream: true }, saying(TURN))), {
        headers: { "content-type": "text/event-stream" },
      }),
  });
  const response = await client.responses.stream(BODY).finalResponse();
  expect(response.output_text).toBe("One moment.");
  expect(response.output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call", "function_call"]);
});

const described = isDescribed ? test : test.skip;

described.each([
  ["a text", HELLO, {}],
  ["a whole turn", TURN, { tools: [{ type: "function", name: "weather" }], reasoning: { effort: "low" } }],
  ["probabilities", LOGPROBS, { include: ["message.output_text.logprobs"] }],
] as const)("%s is as OpenAI describes it, whole and in each event", async (_, events, fields) => {
  expect(differences(await whole(events, fields), "Response")).toEqual([]);
  for (const event of await told(events, undefined, fields)) {
    expect([event.type, differences(event, "ResponseStreamEvent")]).toEqual([event.type, []]);
  }
});

described("a failure is as OpenAI describes it", async () => {
  for (const event of await told(HELLO.slice(0, 3), new FarthingError("overloaded", "Busy."))) {
    expect([event.type, differences(event, "ResponseStreamEvent")]).toEqual([event.type, []]);
  }
});
