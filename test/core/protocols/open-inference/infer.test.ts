import type { ModelSignature } from "../../../../core/protocols/spec/signature.ts";
import {
  answeredBy,
  bodyText,
  decodedInputs,
  decodeInfer,
  echoVersion,
  inferenceRoute,
  request,
  tensorResult,
  VERSION_ID,
  versionOf,
} from "../fixture-model.ts";

const TWO: ModelSignature = {
  inputs: [
    { name: "a", dataType: "FP32", shape: [-1, 2] },
    { name: "n", dataType: "INT64", shape: [-1] },
  ],
  outputs: [
    { name: "scores", dataType: "FP32", shape: [-1, 2] },
    { name: "label", dataType: "BYTES", shape: [-1] },
  ],
};
const a = { name: "a", shape: [1, 2], datatype: "FP32", data: [0.5, 1] };
const n = { name: "n", shape: [1], datatype: "INT64", data: [7] };
const RESULT = tensorResult(
  { name: "scores", dataType: "FP32", shape: [1, 2], data: Float32Array.of(0.1, 0.9) },
  { name: "label", dataType: "BYTES", shape: [1], data: ["ja"] },
);
const ANSWER = answeredBy(versionOf(TWO));

test("the model and its version come from the path", () => {
  const withVersion = inferenceRoute("/v2/models/{name}/versions/{version}/infer");
  expect(withVersion.open(request("not read yet"), { name: "m", version: "0123456789ab" })).toMatchObject({
    model: "m",
    version: "0123456789ab",
  });
  expect(inferenceRoute("/v2/models/{name}/infer").open(request(""), { name: "m" })).not.toHaveProperty("version");
});

test("inputs in any order, flat or nested", () => {
  const inputs = [
    n,
    {
      ...a,
      shape: [2, 2],
      data: [
        [1, 2],
        [3, 4],
      ],
    },
  ];
  expect(decodedInputs(versionOf(TWO), { inputs })).toEqual([
    { name: "n", dataType: "INT64", shape: [1], data: BigInt64Array.of(7n) },
    { name: "a", dataType: "FP32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) },
  ]);
});

test("the answer as JSON, with the caller's id", () => {
  const { request: work, encode } = decodeInfer(versionOf(TWO), { id: "x-1", inputs: [a, n] });
  expect(work).not.toHaveProperty("outputs");
  const response = encode(RESULT, ANSWER);
  expect(response.status).toBe(200);
  expect(JSON.parse(bodyText(response))).toEqual({
    model_name: "m",
    model_version: VERSION_ID,
    id: "x-1",
    outputs: [
      { name: "scores", shape: [1, 2], datatype: "FP32", data: [0.1, 0.9] },
      { name: "label", shape: [1], datatype: "BYTES", data: ["ja"] },
    ],
  });
});

test("without an id the answer has none", () => {
  const response = decodeInfer(versionOf(TWO), { inputs: [a, n] }).encode(RESULT, ANSWER);
  expect(JSON.parse(bodyText(response))).not.toHaveProperty("id");
});

test("only the outputs asked for, in that order", () => {
  const outputs = [{ name: "label" }, { name: "scores" }];
  const { request: work, encode } = decodeInfer(versionOf(TWO), { inputs: [a, n], outputs });
  expect(work).toMatchObject({ outputs: ["label", "scores"] });
  const names = JSON.parse(bodyText(encode(RESULT, ANSWER))).outputs.map(({ name }: { name: string }) => name);
  expect(names).toEqual(["label", "scores"]);
});

test.each([
  [
    "binary_data on one output",
    { outputs: [{ name: "scores" }, { name: "label", parameters: { binary_data: true } }] },
  ],
  [
    "binary_data_output, overridden on one output",
    {
      parameters: { binary_data_output: true },
      outputs: [{ name: "scores", parameters: { binary_data: false } }, { name: "label" }],
    },
  ],
])("a mixed answer: %s", (_, wish) => {
  const response = decodeInfer(versionOf(TWO), { ...wish, inputs: [a, n] }).encode(RESULT, ANSWER);
  const body = response.body as Uint8Array;
  const length = Number(response.headers["inference-header-content-length"]);
  expect(JSON.parse(new TextDecoder().decode(body.subarray(0, length)))).toMatchObject({
    outputs: [
      { name: "scores", data: [0.1, 0.9] },
      { name: "label", parameters: { binary_data_size: 6 } },
    ],
  });
  expect([...body.subarray(length)]).toEqual([2, 0, 0, 0, 0x6a, 0x61]);
});

test("binary and JSON inputs in one request", () => {
  const header = new TextEncoder().encode(
    JSON.stringify({ inputs: [{ ...a, data: undefined, parameters: { binary_data_size: 8 } }, n] }),
  );
  const body = new Uint8Array([...header, ...new Uint8Array(Float32Array.of(0.5, 1).buffer)]);
  const headers = { "inference-header-content-length": String(header.length) };
  expect(decodedInputs(versionOf(TWO), body, headers)).toEqual(decodedInputs(versionOf(TWO), { inputs: [a, n] }));
});

test("a header that tells the length of a body without binary data is allowed", () => {
  const body = JSON.stringify({ inputs: [a, n] });
  const headers = { "inference-header-content-length": String(body.length) };
  expect(decodedInputs(versionOf(TWO), body, headers)).toHaveLength(2);
});

test("parameters that only hint are ignored", () => {
  const parameters = { priority: 1, timeout: 5_000_000, content_type: "np" };
  const input = { ...a, parameters: { content_type: "np" } };
  expect(decodedInputs(versionOf(TWO), { parameters, inputs: [input, n] })).toHaveLength(2);
});

test("a body may repeat the model that the path names", () => {
  const inputs = [a, n];
  expect(decodedInputs(versionOf(TWO), { model_name: "m", model_version: VERSION_ID, inputs })).toHaveLength(2);
});

test("long integers arrive exactly, beside floats in the same body", () => {
  const body = `{"inputs":[${JSON.stringify(a)},{"name":"n","shape":[3],"datatype":"INT64",
    "data":[9007199254740993,-9223372036854775808,5]}]}`;
  expect(decodedInputs(versionOf(TWO), body)).toMatchObject([
    { data: Float32Array.of(0.5, 1) },
    { data: BigInt64Array.of(9007199254740993n, -9223372036854775808n, 5n) },
  ]);
});

test("an empty tensor beside a full one is allowed: the cache of a first step", () => {
  const signature: ModelSignature = {
    inputs: [
      { name: "ids", dataType: "INT64", shape: [-1, -1] },
      { name: "past", dataType: "FP32", shape: [-1, 4, -1, 8] },
    ],
    outputs: [],
  };
  const inputs = [
    { name: "ids", shape: [1, 1], datatype: "INT64", data: [5] },
    { name: "past", shape: [1, 4, 0, 8], datatype: "FP32", data: [] },
  ];
  expect(decodedInputs(versionOf(signature), { inputs })[1]).toMatchObject({ shape: [1, 4, 0, 8] });
});

describe("a raw request: the bytes of the only input", () => {
  const RAW = { "inference-header-content-length": "0" };

  test.each([
    ["one free dimension", [-1, 2], 24, [3, 2]],
    ["two free dimensions: a batch of 1", [-1, 3, -1], 24, [1, 3, 2]],
    ["no free dimension", [2, 3], 24, [2, 3]],
    ["a scalar", [], 4, []],
  ])("%s", (_, shape, bytes, expected) => {
    const { request: work, encode } = decodeInfer(echoVersion("FP32", shape), new Uint8Array(bytes), RAW);
    expect(work).toMatchObject({ inputs: [{ name: "x", shape: expected, data: new Float32Array(bytes / 4) }] });
    const answer = encode(
      tensorResult({ name: "y", dataType: "FP32", shape: [1], data: Float32Array.of(1) }),
      answeredBy(echoVersion("FP32", shape)),
    );
    expect(answer.headers["content-type"]).toBe("application/octet-stream");
  });

  test("BYTES takes the whole body as one string", () => {
    expect(decodedInputs(echoVersion("BYTES", [-1]), "grüße", RAW)).toEqual([
      { name: "x", dataType: "BYTES", shape: [1], data: ["grüße"] },
    ]);
  });
});

test("a runner that forgets an output is our fault", () => {
  const { encode } = decodeInfer(versionOf(TWO), { inputs: [a, n], outputs: [{ name: "label" }] });
  expect(() => encode(tensorResult(), ANSWER)).toThrow(expect.objectContaining({ code: "internal" }));
});
