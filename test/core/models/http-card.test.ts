import { isEngineCard, parseAnyCard, parseHttpCard } from "../../../core/models/any-card.ts";
import { endpointSignature } from "../../../core/models/endpoint-signature.ts";

const CARD = {
  schema: "farthing.card/1",
  name: "far",
  description: "A model on somebody else's server.",
  license: "Apache-2.0",
  task: "text-generation",
  placement: { kind: "http", group: "rack" },
  price: { usdPerThousandOutputTokens: 0.002 },
};

test("a card without files: an engine brings them", () => {
  const card = parseAnyCard(CARD, "card");
  expect(isEngineCard(card)).toBe(true);
  expect(card).toEqual({ ...CARD, fallback: [] });
  expect(endpointSignature(parseHttpCard(CARD, "card")).outputs).toHaveLength(1);
});

test("vectors have a length", () => {
  const card = parseHttpCard({ ...CARD, task: "embedding", dimensions: 384 }, "card");
  expect(endpointSignature(card).outputs).toEqual([expect.objectContaining({ dataType: "FP32", shape: [-1, 384] })]);
});

test.each([
  ["an unknown key", { weights: {} }, '"weights"'],
  ["a task that no engine does", { task: "rerank" }, "task:"],
  ["vectors without a length", { task: "embedding" }, 'task "embedding" needs it'],
  ["a length without vectors", { dimensions: 4 }, 'is for task "embedding"'],
  ["itself as its stand-in", { fallback: ["far"] }, "does not stand in for itself"],
])("%s is refused, the field named", (_, changes, message) => {
  expect(() => parseAnyCard({ ...CARD, ...changes }, "model.json")).toThrow(message);
});
