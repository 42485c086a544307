import type { DataType } from "../../../../core/protocols/spec/tensor.ts";
import { refuseMeaninglessValues, tensorDataFromBytes } from "../../../../core/protocols/tensors/from-bytes.ts";
import { tensorDataFromJson } from "../../../../core/protocols/tensors/from-json.ts";
import { errorOf } from "../fixture-model.ts";

const fromJson = (dataType: DataType, shape: readonly number[], data: readonly unknown[]) =>
  tensorDataFromJson({
    dataType,
    shape,
    data: data.map((value) => (typeof value === "bigint" ? Number(value) : value)),
    path: "inputs[0].data",
    exactly: () => data.map((value) => (typeof value === "bigint" ? `${value}` : value)),
  });

const INT64_RANGE = "-9223372036854775808 to 9223372036854775807";

test.each<[DataType, unknown, string]>([
  ["BOOL", 1, "1; BOOL takes true or false"],
  ["BOOL", "true", '"true"; BOOL takes true or false'],
  ["UINT8", 256, "256; UINT8 takes whole numbers from 0 to 255"],
  ["UINT8", -1, "-1; UINT8 takes whole numbers from 0 to 255"],
  ["UINT16", 65536, "65536; UINT16 takes whole numbers from 0 to 65535"],
  ["UINT32", 4294967296, "4294967296; UINT32 takes whole numbers from 0 to 4294967295"],
  ["UINT64", -1, "-1; UINT64 takes whole numbers from 0 to 18446744073709551615"],
  ["UINT64", 2n ** 64n, "18446744073709551616; UINT64 takes whole numbers from 0 to 18446744073709551615"],
  ["INT8", -129, "-129; INT8 takes whole numbers from -128 to 127"],
  ["INT16", 32768, "32768; INT16 takes whole numbers from -32768 to 32767"],
  ["INT32", 1.5, "1.5; INT32 takes whole numbers from -2147483648 to 2147483647"],
  ["INT32", true, "true; INT32 takes whole numbers from -2147483648 to 2147483647"],
  ["INT32", "7", '"7"; INT32 takes whole numbers from -2147483648 to 2147483647'],
  ["INT64", 0.5, `0.5; INT64 takes whole numbers from ${INT64_RANGE}`],
  ["INT64", 1e300, `1e+300; INT64 takes whole numbers from ${INT64_RANGE}`],
  ["INT64", 2n ** 63n, `9223372036854775808; INT64 takes whole numbers from ${INT64_RANGE}`],
  ["FP16", 65520, "65520; FP16 takes numbers of at most ±65504"],
  ["BF16", 3.4e38, "3.4e+38; BF16 takes numbers of at most ±3.3895314e38"],
  ["FP32", 3.5e38, "3.5e+38; FP32 takes numbers of at most ±3.4028235e38"],
  ["FP32", null, "null; FP32 takes numbers"],
  ["FP32", "NaN", '"NaN"; FP32 takes numbers'],
  ["FP32", [[[]]], "an array of 1; FP32 takes numbers"],
  ["FP64", Number.POSITIVE_INFINITY, "Infinity; FP64 takes numbers of at most ±1.7976931348623157e308"],
  ["BYTES", 5, "5; BYTES takes strings"],
  ["BYTES", "\ud800", '"\\ud800"; half a surrogate pair is no Unicode text'],
])("%s refuses %p and names the element", (dataType, value, rest) => {
  const good = dataType === "BOOL" ? true : dataType === "BYTES" ? "a" : 1;
  expect(errorOf(() => fromJson(dataType, [3], [good, value, good]))).toMatchObject({
    code: "invalid_field",
    field: "inputs[0].data[1]",
    message: `inputs[0].data[1] is ${rest}.`,
  });
});

test("an element of nested data is named by its whole path", () => {
  expect(
    errorOf(() =>
      fromJson(
        "FP32",
        [2, 2],
        [
          [1, 2],
          [3, null],
        ],
      ),
    ).field,
  ).toBe("inputs[0].data[1][1]");
});

test.each([
  ["too few", [2, 2], [1, 2, 3], "inputs[0].data has 3 elements; shape [2,2] needs 4, flat or nested."],
  ["too many", [1], [1, 2], "inputs[0].data has 2 elements; shape [1] needs 1, flat or nested."],
  ["a short row", [2, 2], [[1, 2], [3]], "inputs[0].data[1] is an array of 1; shape [2,2] needs an array of 2 here."],
  ["a number for a row", [2, 2], [[1, 2], 3], "inputs[0].data[1] is 3; shape [2,2] needs an array of 2 here."],
  ["too few rows", [3, 1], [[1], [2]], "inputs[0].data is an array of 2; shape [3,1] needs an array of 3 here."],
  [
    "more elements than any machine has",
    [2 ** 31, 2 ** 31],
    [1],
    "inputs[0].data has 1 elements; shape [2147483648,2147483648] needs 4611686018427388000, flat or nested.",
  ],
])("data that does not fill its shape: %s", (_, shape, data, message) => {
  expect(errorOf(() => fromJson("FP32", shape, data))).toMatchObject({ code: "invalid_shape", message });
});

test("data nested deeper than its shape is refused without walking down", () => {
  let deep: unknown[] = [1];
  for (let depth = 0; depth < 100_000; depth++) deep = [deep];
  expect(errorOf(() => fromJson("FP32", [1, 1], deep)).message).toBe(
    "inputs[0].data[0][0] is an array of 1; FP32 takes numbers.",
  );
});

test("a scalar has one element", () => {
  expect(fromJson("INT64", [], [16000])).toEqual(BigInt64Array.of(16000n));
});

describe("bytes", () => {
  const decode = (dataType: DataType, shape: readonly number[], bytes: readonly number[]) =>
    tensorDataFromBytes({ dataType, shape, bytes: Uint8Array.from(bytes), path: "inputs[0]" });

  test.each<[string, DataType, readonly number[], readonly number[], string]>([
    ["a byte short", "FP32", [1], [0, 0, 0], "inputs[0] has 3 bytes of data; FP32 of shape [1] needs 4."],
    ["a byte over", "BOOL", [1], [0, 0], "inputs[0] has 2 bytes of data; BOOL of shape [1] needs 1."],
    [
      "no room for a length",
      "BYTES",
      [1],
      [1, 0],
      "inputs[0] has 2 bytes of BYTES data, which is too short for the lengths alone; " +
        "shape [1] needs 1 strings, each behind a 4-byte little-endian length.",
    ],
    [
      "a string cut short",
      "BYTES",
      [1],
      [2, 0, 0, 0, 97],
      "inputs[0] has 5 bytes of BYTES data, which ends inside string 0 of 2 bytes; " +
        "shape [1] needs 1 strings, each behind a 4-byte little-endian length.",
    ],
    [
      "a string too few",
      "BYTES",
      [2],
      [4, 0, 0, 0, 97, 97, 97, 97],
      "inputs[0] has 8 bytes of BYTES data, which ends before string 1; " +
        "shape [2] needs 2 strings, each behind a 4-byte little-endian length.",
    ],
    [
      "a string too many",
      "BYTES",
      [1],
      [1, 0, 0, 0, 97, 0, 0, 0, 0],
      "inputs[0] has 9 bytes of BYTES data, which goes on for 4 bytes after the last string; " +
        "shape [1] needs 1 strings, each behind a 4-byte little-endian length.",
    ],
  ])("%s", (_, dataType, shape, bytes, message) => {
    expect(errorOf(() => decode(dataType, shape, bytes))).toMatchObject({ code: "invalid_shape", message });
  });

  test("text that is not UTF-8", () => {
    expect(errorOf(() => decode("BYTES", [2], [0, 0, 0, 0, 1, 0, 0, 0, 0xff]))).toMatchObject({
      code: "invalid_field",
      field: "inputs[0].data[1]",
      message: "inputs[0].data[1] is not valid UTF-8; BYTES holds text in UTF-8.",
    });
  });

  test.each<[DataType, Parameters<typeof refuseMeaninglessValues>[1]]>([
    ["FP32", Float32Array.of(1, Number.NaN)],
    ["FP64", Float64Array.of(1, Number.NaN)],
    ["FP16", Uint16Array.of(0x3c00, 0x7e00)],
    ["BF16", Uint16Array.of(0x3f80, 0xffc0)],
    ["BOOL", Uint8Array.of(1, 2)],
  ])("%s: a NaN, or a BOOL that is none, is named; infinities pass", (dataType, data) => {
    const { code, field } = errorOf(() => refuseMeaninglessValues(dataType, data, "inputs[0].data"));
    expect([code, field]).toEqual(["invalid_field", "inputs[0].data[1]"]);
  });

  test("infinities pass: attention masks are made of them", () => {
    expect(() => {
      refuseMeaninglessValues("FP32", Float32Array.of(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY), "x");
      refuseMeaninglessValues("FP64", Float64Array.of(Number.NEGATIVE_INFINITY), "x");
      refuseMeaninglessValues("FP16", Uint16Array.of(0xfc00), "x");
      refuseMeaninglessValues("BF16", Uint16Array.of(0xff80), "x");
    }).not.toThrow();
  });
});
