import { decodeForwardEvent, encodeForwardEvent } from "../../../../core/protocols/forward/event.ts";
import { usageObject } from "../../../../core/protocols/openai/generation/usage.ts";

const EVENT = {
  type: "infer",
  requestId: "r",
  deadlineMillis: 1,
  model: "m",
  version: "v",
  request: { type: "embeddings", inputs: ["a"] },
} as const;

test("whose request it is goes along, where it is known", () => {
  const sent = (event: Parameters<typeof encodeForwardEvent>[0]) =>
    decodeForwardEvent(JSON.parse(encodeForwardEvent(event)));
  expect(sent({ ...EVENT, tenant: "acme" })).toEqual({ ...EVENT, tenant: "acme" });
  expect(sent(EVENT)).toEqual(EVENT);
  const wrong = { ...JSON.parse(encodeForwardEvent(EVENT)), tenant: 7 };
  expect(() => decodeForwardEvent(wrong)).toThrow("tenant must be a string");
});

test("usage tells of cached tokens as OpenAI does, where a target tells of them", () => {
  const usage = { inputTokens: 9, outputTokens: 1, inferenceMillis: 1 };
  expect(usageObject({ ...usage, cachedInputTokens: 7 })).toEqual({
    prompt_tokens: 9,
    completion_tokens: 1,
    total_tokens: 10,
    prompt_tokens_details: { cached_tokens: 7 },
  });
  expect(usageObject(usage)).not.toHaveProperty("prompt_tokens_details");
});
