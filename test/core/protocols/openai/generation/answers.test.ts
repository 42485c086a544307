/** What goes over the wire, byte by byte where clients look, and through OpenAI's own client. */
import OpenAI from "openai";
import { FarthingError } from "../../../../../core/errors.ts";
import type { GenerationEvent } from "../../../../../core/protocols/spec/generation.ts";
import type { HttpResponse } from "../../../../../core/protocols/spec/http.ts";
import { answeredBy, bodyText, VERSION_ID } from "../../fixture-model.ts";
import { dataOf, decode, GENERATOR, HELLO, saying, streamText, USAGE } from "./generation-fixture.ts";

const CHAT = { model: "m", messages: [{ role: "user", content: "Hi" }] };
const answer = (path: string, body: object, events: AsyncIterable<GenerationEvent>) =>
  decode(path, body).encodeEvents(events, answeredBy(GENERATOR));
const chat = (fields: object, events = saying(HELLO)) => answer("/v1/chat/completions", { ...CHAT, ...fields }, events);

test("a chat, whole", async () => {
  const response = await chat({});
  expect(JSON.parse(bodyText(response))).toEqual({
    id: "chatcmpl-request-1",
    object: "chat.completion",
    created: 1_795_000_000,
    model: "m",
    system_fingerprint: `fp_${VERSION_ID}`,
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hello", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
  });
});

test("a chat as a stream: role, text, reason, usage with the price, end", async () => {
  const response = await chat({ stream: true, stream_options: { include_usage: true } });
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "text/event-stream; charset=utf-8" } });
  const data = dataOf(await streamText(response)) as { choices: object[]; usage: unknown; x_farthing?: object }[];
  const head = { id: "chatcmpl-request-1", object: "chat.completion.chunk", created: 1_795_000_000, model: "m" };
  for (const chunk of data.slice(0, -1)) expect(chunk).toMatchObject(head);
  const choice = (delta: object, reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason: reason },
  ];
  expect(data.slice(0, 4).map(({ choices }) => choices)).toEqual([
    choice({ role: "assistant", content: "", refusal: null }),
    choice({ content: "Hel" }),
    choice({ content: "lo" }),
    choice({}, "stop"),
  ]);
  expect(data.slice(0, 4).map(({ usage }) => usage)).toEqual([null, null, null, null]);
  expect(data[4]).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    x_farthing: { price_usd: "0.000011" },
  });
  expect(data.slice(5)).toEqual(["[DONE]"]);
});

test("who does not ask for usage gets no chunk that OpenAI would not send; the price is a comment", async () => {
  const stream = await streamText(await chat({ stream: true }));
  expect(dataOf(stream).filter((data) => JSON.stringify(data).includes("usage"))).toEqual([]);
  expect(stream).toContain("\n\n: x-farthing-price-usd 0.000011\n\ndata: [DONE]\n\n");
});

test("an error within a stream is its last event, and without secrets", async () => {
  const failing = (error: Error) => chat({ stream: true }, saying(HELLO.slice(0, 3), error));
  const late = dataOf(await streamText(await failing(new FarthingError("deadline_exceeded", "Too late."))));
  expect(late.at(-1)).toEqual({
    error: { message: "Too late.", type: "server_error", param: null, code: "deadline_exceeded" },
  });
  const ours = dataOf(await streamText(await failing(new Error("key=secret"))));
  expect(JSON.stringify(ours.at(-1))).not.toContain("secret");
});

test("an error before the end of a whole answer is that error", async () => {
  const error = new FarthingError("deadline_exceeded", "Too late.");
  await expect(Promise.resolve(chat({}, saying(HELLO.slice(0, 3), error)))).rejects.toBe(error);
});

const TOKENS: readonly GenerationEvent[] = HELLO.map((event) => {
  if (event.type !== "text-delta") return event;
  const token = { text: event.text, bytes: [...Buffer.from(event.text)], logprob: -0.5 };
  return { ...event, tokens: [{ ...token, top: [token, { text: "X", logprob: -2 }] }] };
});

test("log probabilities, whole and in a stream, in both forms", async () => {
  const whole = JSON.parse(bodyText(await chat({ logprobs: true, top_logprobs: 2 }, saying(TOKENS))));
  const hel = { token: "Hel", logprob: -0.5, bytes: [72, 101, 108] };
  const expected = { ...hel, top_logprobs: [hel, { token: "X", logprob: -2, bytes: null }] };
  expect(whole.choices[0].logprobs.content[0]).toEqual(expected);
  const streamed = await chat({ logprobs: true, top_logprobs: 2, stream: true }, saying(TOKENS));
  const data = dataOf(await streamText(streamed)) as { choices: { logprobs: { content: object[] } }[] }[];
  expect(data[1]?.choices[0]?.logprobs.content).toEqual([expected]);
  const older = await answer("/v1/completions", { model: "m", prompt: "", logprobs: 2, stream: true }, saying(TOKENS));
  const chunks = dataOf(await streamText(older)) as { choices: { text: string; logprobs: object }[] }[];
  expect(chunks.slice(0, 2).map(({ choices }) => choices[0]?.logprobs)).toEqual([
    { tokens: ["Hel"], token_logprobs: [-0.5], top_logprobs: [{ Hel: -0.5, X: -2 }], text_offset: [0] },
    { tokens: ["lo"], token_logprobs: [-0.5], top_logprobs: [{ lo: -0.5, X: -2 }], text_offset: [3] },
  ]);
});

test("a stream is made as it is read, and ends its model's work when its reader leaves", async () => {
  let given = 0;
  let isOver = false;
  async function* counted() {
    try {
      for (const event of HELLO) {
        given++;
        yield event;
      }
    } finally {
      isOver = true;
    }
  }
  const { body } = (await chat({ stream: true }, counted())) as HttpResponse & { body: AsyncIterable<Uint8Array> };
  const reader = body[Symbol.asyncIterator]();
  expect(given).toBe(0);
  await reader.next();
  await reader.next();
  expect(given).toBe(3);
  await reader.return?.();
  expect(isOver).toBe(true);
});

describe("the openai client", () => {
  const client = (events: () => AsyncIterable<GenerationEvent>) =>
    new OpenAI({
      apiKey: "fk_test",
      baseURL: "http://farthing.test",
      maxRetries: 0,
      fetch: async (url, init) => {
        const { status, headers, body } = await answer(
          `/v1${new URL(String(url)).pathname}`,
          JSON.parse(String(init?.body)),
          events(),
        );
        return new Response(
          body instanceof Uint8Array ? Buffer.from(body) : (body as ConstructorParameters<typeof Response>[0]),
          { status, headers },
        );
      },
    });
  const hello = client(() => saying(HELLO));
  const messages = [{ role: "user", content: "Hi" }] as const;

  test("reads whole answers and streams of both routes", async () => {
    const whole = await hello.chat.completions.create({ model: "m", messages: [...messages] });
    expect(whole.choices[0]?.message.content).toBe("Hello");
    let text = "";
    const stream = await hello.chat.completions.create({
      model: "m",
      messages: [...messages],
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect({ text, usage }).toEqual({
      text: "Hello",
      usage: { prompt_tokens: 5, completion_tokens: 3, total_tokens: 8 },
    });
    expect((await hello.completions.create({ model: "m", prompt: "Hi" })).choices[0]?.text).toBe("Hello");
    let older = "";
    for await (const chunk of await hello.completions.create({ model: "m", prompt: "Hi", stream: true })) {
      older += chunk.choices[0]?.text;
    }
    expect(older).toBe("Hello");
  });

  test("raises what a stream ends with", async () => {
    const failing = client(() => saying(HELLO.slice(0, 3), new FarthingError("deadline_exceeded", "Too late.")));
    const stream = await failing.chat.completions.create({ model: "m", messages: [...messages], stream: true });
    const read = (async () => {
      for await (const _ of stream);
    })();
    await expect(read).rejects.toThrow("Too late.");
  });
});

test("several choices are told apart, whole and in a stream", async () => {
  const both: readonly GenerationEvent[] = [
    { type: "start", inputTokens: 1 },
    ...[0, 1].flatMap((choice): GenerationEvent[] => [
      { type: "text-start", choice },
      { type: "text-delta", choice, text: `text ${choice}`, outputTokens: 1 },
      { type: "text-finish", choice, reason: "length", outputTokens: 0 },
    ]),
    { type: "finish", usage: USAGE },
  ];
  const whole = JSON.parse(bodyText(await chat({ n: 2 }, saying(both))));
  expect(
    whole.choices.map(({ index, message, finish_reason: reason }: never) => [index, message, reason]),
  ).toMatchObject([
    [0, { content: "text 0" }, "length"],
    [1, { content: "text 1" }, "length"],
  ]);
  const data = dataOf(await streamText(await chat({ n: 2, stream: true }, saying(both))));
  expect((data as { choices?: { index: number }[] }[]).map(({ choices }) => choices?.[0]?.index)).toEqual([
    0,
    0,
    0,
    1,
    1,
    1,
    undefined,
  ]);
});

const CALLING: readonly GenerationEvent[] = [
  { type: "start", inputTokens: 5 },
  { type: "text-start", choice: 0 },
  { type: "reasoning-delta", choice: 0, text: "Look it up.", outputTokens: 1 },
  { type: "tool-call-start", choice: 0, call: 0, id: "call_1", name: "weather", outputTokens: 1 },
  { type: "tool-call-delta", choice: 0, call: 0, argumentsText: '{"city":', outputTokens: 1 },
  { type: "tool-call-delta", choice: 0, call: 0, argumentsText: '"Paris"}', outputTokens: 1 },
  { type: "tool-call-start", choice: 0, call: 1, id: "call_2", name: "time", outputTokens: 1 },
  { type: "text-finish", choice: 0, reason: "tool-calls", outputTokens: 0 },
  { type: "finish", usage: { ...USAGE, reasoningTokens: 1, estimated: true } },
];

test("an answer that calls tools, whole", async () => {
  const { choices, usage } = JSON.parse(bodyText(await chat({}, saying(CALLING))));
  expect(choices).toEqual([
    {
      index: 0,
      message: {
        role: "assistant",
        content: null,
        refusal: null,
        reasoning_content: "Look it up.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
          { id: "call_2", type: "function", function: { name: "time", arguments: "" } },
        ],
      },
      logprobs: null,
      finish_reason: "tool_calls",
    },
  ]);
  expect(usage).toMatchObject({ completion_tokens_details: { reasoning_tokens: 1 }, estimated: true });
});

test("the same as a stream, put together by OpenAI's own client", async () => {
  const body = await streamText(await chat({ stream: true }, saying(CALLING)));
  const client = new OpenAI({
    apiKey: "k",
    fetch: async () => new Response(body, { headers: { "content-type": "text/event-stream" } }),
  });
  const { choices } = await client.chat.completions.stream({ model: "m", messages: [] }).finalChatCompletion();
  expect(choices[0]).toMatchObject({
    finish_reason: "tool_calls",
    message: {
      tool_calls: [
        { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
        { id: "call_2", type: "function", function: { name: "time", arguments: "" } },
      ],
    },
  });
});
