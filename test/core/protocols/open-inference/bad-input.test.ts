import { decodeInfer, echoVersion, errorOf, versionOf } from "../fixture-model.ts";

const VERSION = versionOf({
  inputs: [
    { name: "image", dataType: "FP32", shape: [-1, 4] },
    { name: "mask", dataType: "BOOL", shape: [-1] },
  ],
  outputs: [{ name: "digit", dataType: "INT64", shape: [-1] }],
});
const image = { name: "image", shape: [1, 4], datatype: "FP32", data: [0, 0, 0, 0] };
const mask = { name: "mask", shape: [1], datatype: "BOOL", data: [true] };
const inputs = [image, mask];
const TAKES = 'the model takes "image", "mask"';

test.each<[string, unknown, string, string | undefined, string]>([
  ["no inputs", {}, "missing_field", "inputs", `inputs is absent; ${TAKES}.`],
  [
    "inputs no array",
    { inputs: {} },
    "invalid_field",
    "inputs",
    "inputs is an object; it must be an array of tensors.",
  ],
  ["a missing input", { inputs: [image] }, "missing_field", "inputs", `inputs lacks "mask"; ${TAKES}.`],
  ["an input no object", { inputs: [5] }, "invalid_field", "inputs[0]", "inputs[0] is 5; it must be a tensor object."],
  [
    "an unknown input",
    { inputs: [...inputs, { ...image, name: "img" }] },
    "unknown_field",
    "inputs[2].name",
    `inputs[2].name is "img"; ${TAKES}.`,
  ],
  [
    "an input twice",
    { inputs: [image, image, mask] },
    "invalid_field",
    "inputs[1].name",
    'inputs[1].name is "image" for the second time.',
  ],
  [
    "no name",
    { inputs: [{ ...image, name: undefined }] },
    "missing_field",
    "inputs[0].name",
    `inputs[0].name is absent; ${TAKES}.`,
  ],
  [
    "a name that is none",
    { inputs: [{ ...image, name: 7 }] },
    "invalid_field",
    "inputs[0].name",
    `inputs[0].name is 7; ${TAKES}.`,
  ],
  [
    "an unknown field of an input",
    { inputs: [{ ...image, dtype: "FP32" }] },
    "unknown_field",
    "inputs[0].dtype",
    'inputs[0] has the field "dtype"; a tensor has name, shape, datatype, parameters, data.',
  ],
  [
    "an unknown field of the body",
    { inputs, input: [] },
    "unknown_field",
    "input",
    'The body has the field "input"; allowed are id, parameters, inputs, outputs, model_name, model_version.',
  ],
  [
    "the wrong datatype",
    { inputs: [{ ...image, datatype: "FP64" }] },
    "invalid_datatype",
    "inputs[0].datatype",
    'inputs[0].datatype is "FP64"; input "image" takes "FP32".',
  ],
  [
    "no datatype of the protocol",
    { inputs: [{ ...image, datatype: "float" }] },
    "invalid_datatype",
    "inputs[0].datatype",
    'inputs[0].datatype is "float", which is no datatype of the protocol (BOOL, UINT8, UINT16, UINT32, UINT64, INT8, ' +
      'INT16, INT32, INT64, FP16, BF16, FP32, FP64, BYTES); input "image" takes "FP32".',
  ],
  [
    "no datatype",
    { inputs: [{ ...image, datatype: undefined }] },
    "missing_field",
    "inputs[0].datatype",
    'inputs[0].datatype is absent; input "image" takes "FP32".',
  ],
  [
    "no shape",
    { inputs: [{ ...image, shape: undefined }] },
    "missing_field",
    "inputs[0].shape",
    'inputs[0].shape is absent; input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "a shape that is none",
    { inputs: [{ ...image, shape: "1x4" }] },
    "invalid_field",
    "inputs[0].shape",
    'inputs[0].shape is "1x4"; input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "the wrong rank",
    { inputs: [{ ...image, shape: [4] }] },
    "invalid_shape",
    "inputs[0].shape",
    'inputs[0].shape is [4]: 1 dimensions instead of 2; input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "the wrong size",
    { inputs: [{ ...image, shape: [1, 5] }] },
    "invalid_shape",
    "inputs[0].shape",
    'inputs[0].shape is [1,5]: dimension 1 is 5 instead of 4; input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "an empty batch",
    { inputs: [{ ...image, shape: [0, 4], data: [] }] },
    "invalid_shape",
    "inputs[0].shape",
    'inputs[0].shape is [0,4]: an empty batch; input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "a negative size",
    { inputs: [{ ...image, shape: [-1, 4] }] },
    "invalid_shape",
    "inputs[0].shape",
    "inputs[0].shape is [-1,4]: dimension 0 is -1, not a whole number from 0 up; " +
      'input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "a shape of strings",
    { inputs: [{ ...image, shape: ["1", 4] }] },
    "invalid_shape",
    "inputs[0].shape",
    'inputs[0].shape is ["1",4]: dimension 0 is "1", not a whole number from 0 up; ' +
      'input "image" takes [-1,4], where -1 is any size.',
  ],
  [
    "data that does not fill the shape",
    { inputs: [{ ...image, shape: [2, 4] }] },
    "invalid_shape",
    "inputs[0].data",
    "inputs[0].data has 4 elements; shape [2,4] needs 8, flat or nested.",
  ],
  [
    "NaN as null",
    { inputs: [{ ...image, data: [0, 0, Number.NaN, 0] }] },
    "invalid_field",
    "inputs[0].data[2]",
    "inputs[0].data[2] is null; FP32 takes numbers.",
  ],
  [
    "no data",
    { inputs: [{ ...image, data: undefined }] },
    "missing_field",
    "inputs[0].data",
    "inputs[0].data is absent; send 4 elements, or binary_data_size and binary data.",
  ],
  [
    "data that is no array",
    { inputs: [{ ...image, data: "AAAA" }] },
    "invalid_field",
    "inputs[0].data",
    'inputs[0].data is "AAAA"; it must be an array.',
  ],
  [
    "binary data without the header",
    { inputs: [{ ...image, data: undefined, parameters: { binary_data_size: 16 } }] },
    "malformed_body",
    "inputs[0].parameters.binary_data_size",
    "inputs[0].parameters.binary_data_size is 16, but the request has no inference-header-content-length header, " +
      "so no binary data can follow the JSON.",
  ],
  [
    "data in both forms",
    { inputs: [{ ...image, parameters: { binary_data_size: 16 } }] },
    "invalid_field",
    "inputs[0].data",
    "inputs[0] has data and binary_data_size; a tensor is sent as JSON or as binary data, not as both.",
  ],
  [
    "a size that is none",
    { inputs: [{ ...image, data: undefined, parameters: { binary_data_size: -4 } }] },
    "invalid_field",
    "inputs[0].parameters.binary_data_size",
    "inputs[0].parameters.binary_data_size is -4; it must be a number of bytes.",
  ],
  [
    "shared memory",
    { inputs: [{ ...image, parameters: { shared_memory_region: "r" } }] },
    "unknown_field",
    "inputs[0].parameters.shared_memory_region",
    "inputs[0].parameters.shared_memory_region is not supported: shared memory needs client and server on one machine; " +
      "send the data in the body.",
  ],
  [
    "a sequence",
    { parameters: { sequence_id: 3 }, inputs },
    "unknown_field",
    "parameters.sequence_id",
    "parameters.sequence_id is not supported: requests are answered one by one; send the state as an input and read it " +
      "from the outputs.",
  ],
  [
    "classification",
    { inputs, outputs: [{ name: "digit", parameters: { classification: 3 } }] },
    "unknown_field",
    "outputs[0].parameters.classification",
    "outputs[0].parameters.classification is not supported: Triton's classification extension is not offered; " +
      "ask for the output itself.",
  ],
  [
    "parameters no object",
    { inputs, parameters: [] },
    "invalid_field",
    "parameters",
    "parameters is an empty array; it must be an object.",
  ],
  [
    "a flag that is none",
    { inputs, parameters: { binary_data_output: "yes" } },
    "invalid_field",
    "parameters.binary_data_output",
    'parameters.binary_data_output is "yes"; it must be true or false.',
  ],
  [
    "an unknown output",
    { inputs, outputs: [{ name: "digits" }] },
    "unknown_field",
    "outputs[0].name",
    'outputs[0].name is "digits"; the model gives "digit".',
  ],
  [
    "an output twice",
    { inputs, outputs: [{ name: "digit" }, { name: "digit" }] },
    "invalid_field",
    "outputs[1].name",
    'outputs[1].name is "digit" for the second time.',
  ],
  [
    "an output as text",
    { inputs, outputs: ["digit"] },
    "invalid_field",
    "outputs[0]",
    'outputs[0] is "digit"; it must be an object with a name.',
  ],
  [
    "an unknown field of an output",
    { inputs, outputs: [{ name: "digit", binary_data: true }] },
    "unknown_field",
    "outputs[0].binary_data",
    'outputs[0] has the field "binary_data"; a requested output has name and parameters.',
  ],
  ["an id that is no string", { inputs, id: 42 }, "invalid_field", "id", "id is 42; it must be a string."],
  [
    "another model in the body than in the path",
    { inputs, model_name: "other" },
    "invalid_field",
    "model_name",
    'model_name is "other"; it must be "m", as in the path.',
  ],
  [
    "another version than the one that answers",
    { inputs, model_version: "1" },
    "invalid_field",
    "model_version",
    'model_version is "1"; it must be "0123456789ab", the version that answers.',
  ],
])("%s", (_, body, code, field, message) => {
  expect(errorOf(() => decodeInfer(VERSION, body as object))).toMatchObject({ code, field, message, status: 400 });
});

describe("binary bodies", () => {
  const header = JSON.stringify({
    inputs: [{ name: "x", shape: [1, 2], datatype: "FP32", parameters: { binary_data_size: 8 } }],
  });
  const decode = (length: string, bytes: Uint8Array | string, dataType: "FP32" | "BYTES" = "FP32") =>
    errorOf(() => decodeInfer(echoVersion(dataType, [-1, 2]), bytes, { "inference-header-content-length": length }));
  const withData = (...data: readonly number[]) =>
    new Uint8Array([...new TextEncoder().encode(header), ...new Uint8Array(Float32Array.from(data).buffer)]);

  test.each<[string, string, Uint8Array | string, string, string]>([
    [
      "a truncated tensor",
      String(header.length),
      withData(1),
      "malformed_body",
      "The body is truncated: inputs[0].parameters.binary_data_size is 8, 4 bytes are left.",
    ],
    [
      "bytes left over",
      String(header.length),
      withData(1, 2, 3),
      "malformed_body",
      "4 bytes follow the last binary tensor; the binary_data_size of all inputs must add up to the binary part.",
    ],
    [
      "NaN",
      String(header.length),
      withData(1, Number.NaN),
      "invalid_field",
      "inputs[0].data[1] is NaN; FP32 inputs take numbers.",
    ],
    [
      "a header beyond the body",
      "999",
      header,
      "malformed_body",
      `The body is truncated: inference-header-content-length promises 999 bytes of JSON, ${header.length} bytes came in all.`,
    ],
    [
      "a header that is no length",
      "-1",
      header,
      "invalid_field",
      'The header inference-header-content-length is "-1"; it must be the length of the JSON part in bytes.',
    ],
    [
      "a raw body of the wrong length",
      "0",
      "abc",
      "invalid_shape",
      "The body has 3 bytes; shape [-1,2] needs a multiple of 8.",
    ],
    ["an empty raw body", "0", "", "invalid_shape", "The body has 0 bytes; shape [-1,2] needs a multiple of 8."],
  ])("%s", (_, length, bytes, code, message) => {
    expect(decode(length, bytes)).toMatchObject({ code, message, status: 400 });
  });

  test("a size that is not the shape's", () => {
    const body = header.replace("[1,2]", "[2,2]");
    expect(decode(String(body.length), `${body}12345678`).message).toBe(
      "inputs[0] has 8 bytes of data; FP32 of shape [2,2] needs 16.",
    );
  });

  test.each([
    ["a model with two inputs", VERSION, "this model has 2 inputs, a raw request has room for one"],
    ["too many open sizes", echoVersion("FP32", [3, -1, -1]), "shape [3,-1,-1] leaves more than one size open"],
    ["strings in rows of two", echoVersion("BYTES", [-1, 2]), "shape [-1,2] does not take a single string"],
  ])("a raw request for %s", (_, version, why) => {
    const { message } = errorOf(() => decodeInfer(version, "abc", { "inference-header-content-length": "0" }));
    expect(message).toBe(`The header inference-header-content-length is "0" (a raw request), but ${why}.`);
  });
});

test("a compressed body", () => {
  expect(errorOf(() => decodeInfer(VERSION, { inputs }, { "content-encoding": "gzip" })).field).toBe(
    "content-encoding",
  );
});

test("a request whose inputs are all empty", () => {
  const body = { inputs: [{ name: "x", shape: [1, 0], datatype: "INT64", data: [] }] };
  expect(errorOf(() => decodeInfer(echoVersion("INT64", [-1, -1]), body))).toMatchObject({
    code: "invalid_shape",
    message: "Every input is empty; send at least one element.",
  });
});
