import {
  answeredBy,
  bodyText,
  errorOf,
  inferenceRoute,
  request,
  tensorResult,
  USAGE,
  versionOf,
} from "../fixture-model.ts";

const EMBEDDER = versionOf(
  {
    inputs: [{ name: "text", dataType: "BYTES", shape: [-1] }],
    outputs: [{ name: "embedding", dataType: "FP32", shape: [-1, 4] }],
  },
  "embedding",
);
const ROUTE = inferenceRoute("/v1/embeddings");
const open = (body: unknown) => ROUTE.open(request(JSON.stringify(body)), {});
const decode = (fields: object, version = EMBEDDER) => open({ model: "mini", ...fields }).decode(version);

test.each([
  ["a text", "hello", ["hello"]],
  ["texts", ["a", "b"], ["a", "b"]],
  ["token ids", [1, 2, 3], [[1, 2, 3]]],
  ["lists of token ids", [[1, 2], [3]], [[1, 2], [3]]],
])("input: %s", (_, input, inputs) => {
  expect(open({ model: "mini", input }).model).toBe("mini");
  expect(decode({ input }).request).toEqual({ type: "embeddings", inputs });
});

test("dimensions, user, and a null where OpenAI's clients send one", () => {
  expect(decode({ input: "a", dimensions: 2, user: "u-1" }).request).toMatchObject({ dimensions: 2 });
  expect(decode({ input: "a", dimensions: null, encoding_format: null }).request).not.toHaveProperty("dimensions");
});

test("2048 inputs are taken, and token arrays of any length are the model's business", () => {
  expect(decode({ input: new Array(2048).fill("a") }).request.inputs).toHaveLength(2048);
  expect(decode({ input: new Array(5000).fill(1) }).request.inputs).toHaveLength(1);
});

const RESULT = {
  type: "embeddings",
  vectors: [Float32Array.of(0.1, -0.5, 0, 1), Float32Array.of(1, 2, 3, 4)],
  usage: { ...USAGE, inputTokens: 7 },
} as const;

test("the answer as floats", () => {
  const response = decode({ input: ["a", "b"] }).encode(RESULT, answeredBy(EMBEDDER));
  expect(response).toMatchObject({ status: 200, headers: { "content-type": "application/json" } });
  expect(JSON.parse(bodyText(response))).toEqual({
    object: "list",
    data: [
      { object: "embedding", index: 0, embedding: [0.1, -0.5, 0, 1] },
      { object: "embedding", index: 1, embedding: [1, 2, 3, 4] },
    ],
    model: "m",
    usage: { prompt_tokens: 7, total_tokens: 7 },
  });
});

test("the answer as base64: little-endian float32, also of a vector inside a larger buffer", () => {
  const vectors = [Float32Array.of(9, 1, 2).subarray(1)];
  const response = decode({ input: "a", encoding_format: "base64" }).encode(
    { ...RESULT, vectors },
    answeredBy(EMBEDDER),
  );
  const { embedding } = JSON.parse(bodyText(response)).data[0];
  expect([...Buffer.from(embedding, "base64")]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
});

test.each([
  ["no model", { input: "a" }, "missing_field", "model", "model is absent; it must be the name of a model."],
  [
    "a model that is no name",
    { model: 1, input: "a" },
    "invalid_field",
    "model",
    "model is 1; it must be the name of a model.",
  ],
  [
    "a field that would change the vectors",
    { model: "mini", input: "a", input_type: "query" },
    "unknown_field",
    "input_type",
    'Unrecognized request argument: "input_type"; allowed are model, input, encoding_format, dimensions, user.',
  ],
  [
    "a user that is no string",
    { model: "mini", input: "a", user: 1 },
    "invalid_field",
    "user",
    "user is 1; it must be a string.",
  ],
])("refused before the model is looked up: %s", (_, body, code, field, message) => {
  expect(errorOf(() => open(body))).toMatchObject({ code, field, message });
});

const FORMS = "a string, an array of strings, an array of token ids, or an array of arrays of token ids";
const TOKEN = "a token id: a whole number from 0 to 2147483647";

test.each([
  ["no input", {}, "missing_field", "input", `input is absent; it must be ${FORMS}.`],
  [
    "an empty text",
    { input: "" },
    "invalid_field",
    "input",
    'input is ""; it must be a text of at least one character.',
  ],
  [
    "an empty array",
    { input: [] },
    "invalid_field",
    "input",
    `input is an empty array; it must be ${FORMS}, not empty.`,
  ],
  [
    "an object",
    { input: { text: "a" } },
    "invalid_field",
    "input",
    `input is an object; it must be ${FORMS}, not empty.`,
  ],
  [
    "an empty text among others",
    { input: ["a", ""] },
    "invalid_field",
    "input[1]",
    'input[1] is ""; it must be a text of at least one character.',
  ],
  [
    "a number among texts",
    { input: ["a", 1] },
    "invalid_field",
    "input[1]",
    "input[1] is 1; it must be a string, like the inputs before it.",
  ],
  ["a text among token ids", { input: [1, "a"] }, "invalid_field", "input[1]", `input[1] is "a"; it must be ${TOKEN}.`],
  [
    "a negative token id",
    { input: [[1], [-1]] },
    "invalid_field",
    "input[1][0]",
    `input[1][0] is -1; it must be ${TOKEN}.`,
  ],
  [
    "an empty token array",
    { input: [[1], []] },
    "invalid_field",
    "input[1]",
    "input[1] is an empty array; it must be an array of token ids, not empty.",
  ],
  [
    "nulls",
    { input: [null] },
    "invalid_field",
    "input[0]",
    "input[0] is null; it must be a string, a token id or an array of token ids.",
  ],
  [
    "too many inputs",
    { input: new Array(2049).fill("a") },
    "invalid_field",
    "input",
    "input is an array of 2049; it must be at most 2048 texts or token arrays.",
  ],
  [
    "half a surrogate pair",
    { input: "\ud800" },
    "invalid_field",
    "input",
    "input holds half of a surrogate pair, which is no Unicode text.",
  ],
  [
    "an unknown format",
    { input: "a", encoding_format: "int8" },
    "invalid_field",
    "encoding_format",
    'encoding_format is "int8"; it must be "float" or "base64".',
  ],
  [
    "more dimensions than the model has",
    { input: "a", dimensions: 5 },
    "invalid_field",
    "dimensions",
    "dimensions is 5; it must be a whole number from 1 to 4.",
  ],
  [
    "no dimensions",
    { input: "a", dimensions: 0 },
    "invalid_field",
    "dimensions",
    "dimensions is 0; it must be a whole number from 1 to 4.",
  ],
])("refused: %s", (_, fields, code, field, message) => {
  expect(errorOf(() => decode(fields))).toMatchObject({ code, field, message, status: 400 });
});

test("a model that does not embed", () => {
  const classifier = versionOf(EMBEDDER.signature, "text-classification");
  expect(errorOf(() => decode({ input: "a" }, classifier))).toMatchObject({
    code: "unsupported_task",
    field: "model",
    message: 'The model "mini" does text-classification; /v1/embeddings takes embedding models.',
  });
});

test.each([
  ["tensors", tensorResult()],
  ["NaN", { ...RESULT, vectors: [Float32Array.of(1, Number.NaN)] }],
  ["infinity", { ...RESULT, vectors: [Float32Array.of(Number.POSITIVE_INFINITY)] }],
])("a runner that answers %s is our fault", (_, result) => {
  expect(errorOf(() => decode({ input: "a" }).encode(result, answeredBy(EMBEDDER))).code).toBe("internal");
});
