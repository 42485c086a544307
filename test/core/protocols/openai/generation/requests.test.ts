import type { GenerationInference } from "../../../../../core/protocols/spec/generation.ts";
import { errorOf, versionOf } from "../../fixture-model.ts";
import { decode } from "./generation-fixture.ts";

const CHAT = "/v1/chat/completions";
const COMPLETIONS = "/v1/completions";
const USER = [{ role: "user", content: "Hi" }];
const chat = (fields: object = {}): GenerationInference =>
  decode(CHAT, { model: "m", messages: USER, ...fields }).request;
const completion = (fields: object = {}): GenerationInference =>
  decode(COMPLETIONS, { model: "m", prompt: "Hi", ...fields }).request;
const DEFAULTS = {
  repetitionPenalty: 1,
  frequencyPenalty: 0,
  presencePenalty: 0,
  temperature: 1,
  topK: 0,
  topP: 1,
  minP: 0,
};

test("a chat with nothing but its messages has OpenAI's defaults", () => {
  expect(chat()).toEqual({
    type: "generation",
    prompts: [{ type: "chat", messages: USER }],
    choices: 1,
    sampling: DEFAULTS,
    stop: [],
  });
});

test("completions are 16 tokens long unless more is asked for", () => {
  expect(completion()).toMatchObject({ prompts: [{ type: "text", text: "Hi" }], maxTokens: 16, sampling: DEFAULTS });
});

test("every parameter of sampling arrives", () => {
  const sampling = {
    temperature: 0.5,
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    repetition_penalty: 1.1,
    frequency_penalty: -1,
    presence_penalty: 2,
    seed: -7,
    logit_bias: { "50256": -100 },
  };
  const expected = {
    temperature: 0.5,
    topP: 0.9,
    topK: 40,
    minP: 0.05,
    repetitionPenalty: 1.1,
    frequencyPenalty: -1,
    presencePenalty: 2,
    seed: -7,
    logitBias: { "50256": -100 },
  };
  expect(chat(sampling).sampling).toEqual(expected);
  expect(completion(sampling).sampling).toEqual(expected);
  expect(chat({ temperature: null, top_k: -1, seed: null }).sampling).toEqual(DEFAULTS);
});

test("limits, stops, choices and log probabilities", () => {
  expect(chat({ max_tokens: 5, n: 3, stop: "x", logprobs: true })).toMatchObject({
    maxTokens: 5,
    choices: 3,
    stop: ["x"],
    topLogprobs: 0,
  });
  expect(chat({ max_completion_tokens: 6, stop: ["x", "y"], logprobs: true, top_logprobs: 20 })).toMatchObject({
    maxTokens: 6,
    stop: ["x", "y"],
    topLogprobs: 20,
  });
  expect(completion({ logprobs: 5, n: 2, best_of: 2 })).toMatchObject({ topLogprobs: 5, choices: 2 });
});

test("all four forms of a prompt", () => {
  const prompts = (prompt: unknown) => completion({ prompt }).prompts;
  expect(prompts(["a", "b"])).toEqual([
    { type: "text", text: "a" },
    { type: "text", text: "b" },
  ]);
  expect(prompts([1, 2])).toEqual([{ type: "tokens", ids: [1, 2] }]);
  expect(prompts([[1], [2, 3]])).toEqual([
    { type: "tokens", ids: [1] },
    { type: "tokens", ids: [2, 3] },
  ]);
});

test("messages in every form that clients send", () => {
  const messages = [
    { role: "developer", content: "Be brief." },
    {
      role: "user",
      content: [
        { type: "text", text: "Hel" },
        { type: "text", text: "lo" },
      ],
      name: "ann",
    },
    { role: "assistant", content: "", refusal: null, tool_calls: [], annotations: [] },
  ];
  expect(chat({ messages }).prompts).toEqual([
    {
      type: "chat",
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello", name: "ann" },
        { role: "assistant", content: "" },
      ],
    },
  ]);
});

test("what asks for nothing special is let through", () => {
  const idle = {
    tools: [],
    tool_choice: "none",
    parallel_tool_calls: true,
    response_format: { type: "text" },
    modalities: ["text"],
    user: "u",
    metadata: {},
    store: false,
    service_tier: "auto",
  };
  expect(chat(idle)).toEqual(chat());
});

test.each([
  [{ messages: undefined }, "missing_field", "messages", /messages is absent/],
  [{ messages: [] }, "invalid_field", "messages", /an empty array; it must be an array of 1 to 2048/],
  [{ messages: ["Hi"] }, "invalid_field", "messages[0]", /"Hi"; it must be an object/],
  [{ messages: [{ role: "user" }] }, "invalid_field", "messages[0].content", /absent; it must be a text/],
  [{ messages: [{ role: "user", content: "\ud800" }] }, "invalid_field", "messages[0].content", /surrogate/],
  [
    { messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }] },
    "invalid_field",
    "messages[0].content[0].type",
    /"image_url"; it must be "text"/,
  ],
  [{ modalities: ["audio"] }, "invalid_field", "modalities", /\["text"\]/],
  [{ temperature: 2.5 }, "invalid_field", "temperature", /2.5; it must be a number from 0 to 2/],
  [{ temperature: "1" }, "invalid_field", "temperature", /"1"; it must be a number/],
  [{ top_p: -0.1 }, "invalid_field", "top_p", /from 0 to 1/],
  [{ top_k: 1.5 }, "invalid_field", "top_k", /a whole number/],
  [{ seed: 2 ** 60 }, "invalid_field", "seed", /53 bits/],
  [{ logit_bias: { cat: 1 } }, "invalid_field", "logit_bias", /token ids/],
  [{ logit_bias: { "1": 101 } }, "invalid_field", "logit_bias.1", /from -100 to 100/],
  [{ n: 0 }, "invalid_field", "n", /from 1 to 16/],
  [{ max_tokens: 0 }, "invalid_field", "max_tokens", /from 1 on/],
  [{ max_tokens: 1, max_completion_tokens: 2 }, "invalid_field", "max_tokens", /equal to max_completion_tokens \(2\)/],
  [{ stop: ["a", "b", "c", "d", "e"] }, "invalid_field", "stop", /at most 4/],
  [{ stop: [""] }, "invalid_field", "stop[0]", /at least one character/],
  [{ top_logprobs: 2 }, "invalid_field", "top_logprobs", /absent unless logprobs/],
  [{ logprobs: true, top_logprobs: 21 }, "invalid_field", "top_logprobs", /from 0 to 20/],
  [{ stream: "yes" }, "invalid_field", "stream", /true or false/],
  [{ stream_options: { include_usage: true } }, "invalid_field", "stream_options", /absent unless stream/],
  [{ stream: true, stream_options: { usage: 1 } }, "invalid_field", "stream_options.usage", /"include_usage"/],
  [{ temprature: 1 }, "unknown_field", "temprature", /Unrecognized request argument/],
])("a chat is refused: %j", (fields, code, field, message) => {
  expect(errorOf(() => chat(fields))).toMatchObject({ code, field, message: expect.stringMatching(message) });
});

test.each([
  [{ prompt: undefined }, "missing_field", "prompt", /prompt is absent/],
  [{ prompt: [] }, "invalid_field", "prompt", /not empty/],
  [{ prompt: ["a", 1] }, "invalid_field", "prompt[1]", /a text, like the prompts before it/],
  [{ prompt: [[1], []] }, "invalid_field", "prompt[1]", /not empty/],
  [{ prompt: [1, -1] }, "invalid_field", "prompt[1]", /a token id/],
  [{ prompt: [{}] }, "invalid_field", "prompt[0]", /a text, a token id/],
  [{ prompt: new Array(9).fill("a"), n: 2 }, "invalid_field", "prompt", /at most 16 prompts/],
  [{ echo: true }, "invalid_field", "echo", /false or absent/],
  [{ best_of: 3 }, "invalid_field", "best_of", /equal to n \(1\)/],
  [{ suffix: "end" }, "invalid_field", "suffix", /not supported here/],
  [{ logprobs: 6 }, "invalid_field", "logprobs", /from 0 to 5/],
  [{ messages: USER }, "unknown_field", "messages", /Unrecognized/],
])("a completion is refused: %j", (fields, code, field, message) => {
  expect(errorOf(() => completion(fields))).toMatchObject({ code, field, message: expect.stringMatching(message) });
});

test.each([CHAT, COMPLETIONS])("%s takes models that generate text, and says what another one does", (path) => {
  const body = { model: "m", messages: USER, prompt: "Hi" };
  const error = errorOf(() => decode(path, body, versionOf({ inputs: [], outputs: [] }, "embedding")));
  expect(error).toMatchObject({ code: "unsupported_task", message: expect.stringContaining("does embedding") });
});
