/** What engines are asked: what came in is what goes out, and nothing that their dialect does not have. */
import { isFarthingError } from "../../../../core/errors.ts";
import { embeddingsCall, embeddingsResult } from "../../../../core/protocols/upstream/embeddings-call.ts";
import { generationCall } from "../../../../core/protocols/upstream/generation-call.ts";
import { upstreamError } from "../../../../core/protocols/upstream/upstream-error.ts";
import { errorOf } from "../fixture-model.ts";
import { decode } from "../openai/generation/generation-fixture.ts";

const TOOL = { type: "function", function: { name: "f", parameters: { type: "object" }, strict: true } };
const CHAT = {
  messages: [
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi", name: "ada" },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "{}" } }],
    },
    { role: "tool", content: "ok", tool_call_id: "c1" },
  ],
  max_tokens: 8,
  n: 2,
  stop: ["x"],
  temperature: 0.5,
  top_p: 0.9,
  frequency_penalty: 0.1,
  presence_penalty: 0.2,
  logit_bias: { "5": -1 },
  seed: 3,
  logprobs: true,
  top_logprobs: 2,
  tools: [TOOL],
  tool_choice: { type: "function", function: { name: "f" } },
  parallel_tool_calls: false,
  response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" } } },
  reasoning_effort: "low",
};
const VLLM_ONLY = { top_k: 4, min_p: 0.1, repetition_penalty: 1.1, min_tokens: 2, guided_regex: "a+" };
const call = (path: string, fields: object, model: Parameters<typeof generationCall>[1]) => {
  const { path: asked, body } = generationCall(decode(path, { model: "ours", ...fields }).request, model);
  return { path: asked, body: JSON.parse(body) };
};

test("a chat arrives as it was sent, under the engine's own name for the model, as a stream with usage", () => {
  expect(
    call("/v1/chat/completions", { ...CHAT, ...VLLM_ONLY }, { name: "org/theirs", dialect: "vllm", cacheSalt: "s" }),
  ).toEqual({
    path: "/v1/chat/completions",
    body: {
      ...CHAT,
      ...VLLM_ONLY,
      model: "org/theirs",
      cache_salt: "s",
      stream: true,
      stream_options: { include_usage: true, continuous_usage_stats: true },
    },
  });
});

test("an engine that only knows OpenAI's words hears no others", () => {
  const model = { name: "theirs", dialect: "openai", cacheSalt: "s" } as const;
  expect(call("/v1/chat/completions", CHAT, model).body).toEqual({
    ...CHAT,
    model: "theirs",
    stream: true,
    stream_options: { include_usage: true },
  });
  for (const [field, value] of Object.entries(VLLM_ONLY)) {
    const refused = errorOf(() => call("/v1/chat/completions", { ...CHAT, [field]: value }, model));
    expect(refused).toMatchObject({ code: "invalid_field", field });
  }
});

test.each([["Once"], [["a", "b"]], [[1, 2]], [[[1], [2]]]])("texts to go on from: %j", (prompt) => {
  const asked = call("/v1/completions", { prompt, logprobs: 1 }, { name: "theirs", dialect: "openai" });
  const sent = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  expect(asked).toMatchObject({
    path: "/v1/completions",
    body: { prompt: sent, max_tokens: 16, logprobs: 1, stream: true },
  });
});

const EMBEDDINGS = { type: "embeddings", inputs: ["a", [1, 2]] } as const;
const base64 = (...values: readonly number[]) => Buffer.from(Float32Array.from(values).buffer).toString("base64");

test("embeddings, in either encoding, in any order", () => {
  const { path, body } = embeddingsCall({ ...EMBEDDINGS, dimensions: 2 }, { name: "e", dialect: "vllm" });
  expect({ path, body: JSON.parse(body) }).toEqual({
    path: "/v1/embeddings",
    body: { model: "e", input: ["a", [1, 2]], encoding_format: "base64", dimensions: 2 },
  });
  const data = [
    { index: 1, embedding: base64(3, 4) },
    { index: 0, embedding: [1, 2] },
  ];
  const result = embeddingsResult(JSON.stringify({ data, usage: { prompt_tokens: 3 } }), EMBEDDINGS, 5);
  expect(result.vectors).toEqual([Float32Array.of(1, 2), Float32Array.of(3, 4)]);
  expect(result.usage).toEqual({ inputTokens: 3, outputTokens: 0, inferenceMillis: 5 });
  expect(embeddingsResult(JSON.stringify({ data }), EMBEDDINGS, 5).usage).toMatchObject({
    inputTokens: 3,
    estimated: true,
  });
});

test.each([
  "",
  "[]",
  "{}",
  JSON.stringify({ data: [{ embedding: [1] }] }),
  JSON.stringify({ data: [{ embedding: [1] }, { embedding: [1, 2] }] }),
  JSON.stringify({ data: [{ embedding: "AAA=" }, { embedding: "AAA=" }] }),
  JSON.stringify({ data: [{ embedding: 1 }, { embedding: 2 }] }),
])("no embeddings: %s", (body) => {
  expect(errorOf(() => embeddingsResult(body, EMBEDDINGS, 0))).toMatchObject({ code: "dependency_unavailable" });
});

test.each([
  [
    400,
    '{"error": {"message": "maximum context length is 8", "param": "messages"}}',
    "invalid_field",
    /maximum context/,
  ],
  [422, '{"detail": "bad field"}', "invalid_field", /bad field/],
  [400, "<html>proxy</html>", "invalid_field", /does not take the request/],
  [
    401,
    '{"error": {"message": "Incorrect API key sk-secret"}}',
    "dependency_unavailable",
    /does not answer as it should/,
  ],
  [404, '{"error": {"message": "no model org/theirs"}}', "dependency_unavailable", /does not answer as it should/],
  [413, "", "payload_too_large", /larger than/],
  [429, "", "overloaded", /right now/],
  [500, "CUDA error at 0x7f", "dependency_unavailable", /does not answer as it should/],
  [503, "", "dependency_unavailable", /does not answer as it should/],
])("%d %s", (status, body, code, message) => {
  const error = upstreamError({ status, body, retryAfterSeconds: 9 });
  expect(isFarthingError(error)).toBe(true);
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(error.message).not.toMatch(/secret|CUDA|theirs|html/);
  if (error.status === 429 || error.status === 503) expect(error.retryAfterSeconds).toBe(9);
});
