import { answeredBy, bodyText, errorOf, inferenceRoute, request, tensorResult, versionOf } from "../fixture-model.ts";

const OUTPUTS = [
  { name: "label", dataType: "BYTES", shape: [-1] },
  { name: "score", dataType: "FP32", shape: [-1] },
  { name: "scores", dataType: "FP32", shape: [-1, 3] },
] as const;
const INPUTS = [{ name: "text", dataType: "BYTES", shape: [-1] }] as const;
const CLASSIFIER = versionOf({ inputs: INPUTS, outputs: OUTPUTS }, "text-classification");
const MODERATOR = versionOf(
  {
    inputs: INPUTS,
    outputs: [
      ...OUTPUTS,
      { name: "categories", dataType: "BYTES", shape: [2] },
      { name: "category_scores", dataType: "FP32", shape: [-1, 2] },
      { name: "category_flags", dataType: "BOOL", shape: [-1, 2] },
    ],
  },
  "text-classification",
);
const ROUTE = inferenceRoute("/v1/moderations");
const open = (body: unknown) => ROUTE.open(request(JSON.stringify(body)), {});
const decode = (fields: object, version = MODERATOR) => open({ model: "mod", ...fields }).decode(version);

test.each([
  ["a text", "hello", ["hello"], "input"],
  ["texts", ["a", "b"], ["a", "b"], "input[]"],
  ["one part", [{ type: "text", text: "a" }], ["a"], "input[]"],
])("input: %s", (_, input, texts, place) => {
  expect(open({ model: "mod", input }).model).toBe("mod");
  expect(decode({ input }).request).toEqual({
    type: "tensors",
    inputs: [{ name: "text", dataType: "BYTES", shape: [texts.length], data: texts }],
    outputs: ["categories", "category_scores", "category_flags"],
    places: { text: place },
  });
});

test("the answer has OpenAI's form, with the categories of the card", () => {
  const result = tensorResult(
    { name: "categories", dataType: "BYTES", shape: [2], data: ["hate", 'self "harm"'] },
    { name: "category_scores", dataType: "FP32", shape: [2, 2], data: Float32Array.of(0.1, 0.9, 0.2, 0.3) },
    { name: "category_flags", dataType: "BOOL", shape: [2, 2], data: Uint8Array.of(0, 1, 0, 0) },
  );
  const response = decode({ input: ["a", "b"] }).encode(result, answeredBy(MODERATOR));
  expect(JSON.parse(bodyText(response))).toEqual({
    id: "modr-request-1",
    model: "m",
    results: [
      {
        flagged: true,
        categories: { hate: false, 'self "harm"': true },
        category_scores: { hate: 0.1, 'self "harm"': 0.9 },
        category_applied_input_types: { hate: ["text"], 'self "harm"': ["text"] },
      },
      {
        flagged: false,
        categories: { hate: false, 'self "harm"': false },
        category_scores: { hate: 0.2, 'self "harm"': 0.3 },
        category_applied_input_types: { hate: ["text"], 'self "harm"': ["text"] },
      },
    ],
  });
});

test.each([
  ["no input", {}, "missing_field", "input"],
  ["no texts", { input: [] }, "invalid_field", "input"],
  ["an empty text", { input: "" }, "invalid_field", "input"],
  ["a number among texts", { input: ["a", 1] }, "invalid_field", "input[1]"],
  ["too many texts", { input: new Array(2049).fill("a") }, "invalid_field", "input"],
  ["half a surrogate pair", { input: "\ud800" }, "invalid_field", "input"],
  ["an image", { input: [{ type: "image_url", image_url: {} }] }, "invalid_field", "input[0].type"],
  [
    "several parts",
    {
      input: [
        { type: "text", text: "a" },
        { type: "text", text: "b" },
      ],
    },
    "invalid_field",
    "input",
  ],
])("refused: %s", (_, fields, code, field) => {
  expect(errorOf(() => decode(fields))).toMatchObject({ code, field });
});

test("a model that moderates nothing, or does something else", () => {
  expect(errorOf(() => decode({ input: "a" }, CLASSIFIER))).toMatchObject({
    code: "unsupported_task",
    message: 'The model "mod" makes no moderations: its card has no moderation.thresholds.',
  });
  expect(errorOf(() => decode({ input: "a" }, versionOf({ inputs: [], outputs: [] })))).toMatchObject({
    code: "unsupported_task",
  });
  expect(errorOf(() => open({ input: "a" }))).toMatchObject({ code: "missing_field", field: "model" });
  expect(errorOf(() => open({ model: "mod", input: "a", user: "u" }))).toMatchObject({ code: "unknown_field" });
});
