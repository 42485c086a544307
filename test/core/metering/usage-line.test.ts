import { buildUsageLine, type UsageFacts } from "../../../core/metering/build-usage-line.ts";
import { readUsageLine } from "../../../core/metering/usage-line-schema.ts";

const FACTS: UsageFacts = {
  requestId: "6f1c",
  at: "2026-11-24T08:00:00.000Z",
  tenant: "acme",
  key: "fk_Ab3d",
  route: "/v1/embeddings",
  model: "mini",
  version: "a".repeat(64),
  target: "function",
  deployment: "small",
  status: 200,
  inputTokens: 17,
  outputTokens: 0,
  requestBytes: 120,
  responseBytes: 2100,
  inferenceMillis: 3.25,
  durationMillis: 4,
  coldStart: false,
  priceUsd: 0.00000034,
};

const written = (facts: UsageFacts) => JSON.stringify(buildUsageLine(facts));

test("what is written is what is read", () => {
  expect(readUsageLine(written(FACTS))).toEqual({ type: "usage", line: { usage: "farthing.usage/1", ...FACTS } });
});

test("a failed request has no price and no tokens, whatever the model did before", () => {
  const failed = buildUsageLine({ ...FACTS, status: 504, error: "deadline_exceeded" });
  expect(failed).toMatchObject({ inputTokens: 0, outputTokens: 0, priceUsd: 0, status: 504, inferenceMillis: 3.25 });
  expect(readUsageLine(JSON.stringify(failed))).toEqual({ type: "usage", line: failed });
});

test("a request that failed before a version was chosen", () => {
  const early = { ...FACTS, version: "", target: "none", status: 404, error: "unknown_model" } as const;
  expect(readUsageLine(written(early)).type).toBe("usage");
});

test("fields of the logger and of newer writers do not disturb", () => {
  const line = { ...buildUsageLine(FACTS), level: "INFO", service: "farthing", cacheHit: true };
  expect(readUsageLine(JSON.stringify(line)).type).toBe("usage");
});

test.each([
  ["START RequestId: 6f1c Version: $LATEST"],
  ['{"level":"INFO","message":"loaded"}'],
  ['{"message":"a line about \\"usage\\"","usage":3}'],
  ['"usage"'],
  ['null and "usage"'],
])("other log lines: %s", (text) => {
  expect(readUsageLine(text)).toEqual({ type: "other" });
});

test.each([
  ["a newer version", { usage: "farthing.usage/2" }, /^usage: /],
  ["a missing field", { tenant: undefined }, /^tenant: /],
  ["a negative price", { priceUsd: -1 }, /^priceUsd: /],
  ["half a token", { inputTokens: 0.5 }, /^inputTokens: /],
  ["a short digest", { version: "abc" }, /^version: a full digest, or empty$/],
  ["a whole key", { key: `fk_${"x".repeat(43)}` }, /^key: a prefix, never a whole key$/],
  ["a priced failure", { error: "internal" }, /^priceUsd: a request that failed before anything was delivered/],
  ["no date", { at: "yesterday" }, /^at: /],
])("reported, not counted: %s", (_, change, problem) => {
  const read = readUsageLine(JSON.stringify({ ...buildUsageLine(FACTS), ...change }));
  expect(read).toEqual({ type: "invalid", problems: [expect.stringMatching(problem)] });
});

test("a line that was cut is reported", () => {
  expect(readUsageLine(written(FACTS).slice(0, 200))).toEqual({
    type: "invalid",
    problems: ["not JSON: the line is cut or mixed with another"],
  });
});
