import { isEndpointCard, parseAnyCard } from "../../../core/models/any-card.ts";
import { weightsPrefix } from "../../../core/models/endpoint-card.ts";
import { largeModel } from "../planner/large-models.ts";

const chat = largeModel("deepseek-r1-distill-qwen-7b");
const parse = (changes: object) => parseAnyCard({ ...chat, ...changes }, "card");

test("placement.kind says which card it is", () => {
  expect(isEndpointCard(parse({}))).toBe(true);
  expect(() => parseAnyCard({ ...chat, placement: { kind: "function", group: "small" } }, "card")).toThrow("artifacts");
});

test("weights have a place in the bucket, of their own for each revision; without any the container brings them", () => {
  expect(weightsPrefix(chat)).toBe("weights/deepseek-r1-distill-qwen-7b/main/");
  expect(weightsPrefix(largeModel("glossary-endpoint"))).toBeUndefined();
});

test.each([
  [
    "a context that the model was not made for",
    { serving: { ...chat.serving, contextTokens: 200_000 } },
    "200000 is longer than the model's 131072",
  ],
  [
    "heads that cannot share",
    { architecture: { ...chat.architecture, keyValueHeads: 3 } },
    "28 attention heads cannot share 3 evenly",
  ],
  ["vectors without a length", { task: "embedding" }, 'task "embedding" needs it'],
  ["a length without vectors", { dimensions: 4 }, 'is for task "embedding"'],
  ["a model that stands in for itself", { fallback: [chat.name] }, "does not stand in for itself"],
  ["a typo", { servings: {} }, "servings"],
])("%s is refused", (_, changes, reason) => {
  expect(() => parse(changes)).toThrow(reason);
});
