import fc from "fast-check";
import { parseJsonObject, parseLongIntegersAsText } from "../../../../core/protocols/json/parse-json.ts";
import { elementCount, type Tensor } from "../../../../core/protocols/spec/tensor.ts";
import { tensorDataFromBytes } from "../../../../core/protocols/tensors/from-bytes.ts";
import { tensorDataFromJson } from "../../../../core/protocols/tensors/from-json.ts";
import { tensorDataToBytes } from "../../../../core/protocols/tensors/to-bytes.ts";
import { tensorDataToJson } from "../../../../core/protocols/tensors/to-json.ts";
import { arbitraryTensorOf, bitsOf, DATA_TYPES } from "./arbitrary-tensor.ts";

const RUNS = { numRuns: 150 };

function fromJsonText({ dataType, shape }: Tensor, text: string) {
  const body = new TextEncoder().encode(`{"data":${text}}`);
  return tensorDataFromJson({
    dataType,
    shape,
    path: "data",
    data: parseJsonObject(body).data as unknown[],
    exactly: () => parseLongIntegersAsText(body).data as unknown[],
  });
}

/** The same elements as nested arrays. */
function nestedText(flat: string, shape: readonly number[]): string {
  const elements = flat === "[]" ? [] : (flat.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|[^,]+/g) ?? []);
  const nest = (from: number, sizes: readonly number[]): string => {
    const [size = 0, ...rest] = sizes;
    const step = elementCount(rest);
    const parts = Array.from({ length: size }, (_, index) =>
      rest.length === 0 ? elements[from + index] : nest(from + index * step, rest),
    );
    return `[${parts.join(",")}]`;
  };
  return nest(0, shape);
}

describe.each(DATA_TYPES)("%s", (dataType) => {
  test("JSON and back is the identity, flat and nested", () => {
    fc.assert(
      fc.property(arbitraryTensorOf(dataType), (tensor) => {
        const text = tensorDataToJson(tensor);
        expect(bitsOf({ data: fromJsonText(tensor, text) })).toEqual(bitsOf(tensor));
        expect(bitsOf({ data: fromJsonText(tensor, nestedText(text, tensor.shape)) })).toEqual(bitsOf(tensor));
      }),
      RUNS,
    );
  });

  test("bytes and back is the identity, at any alignment", () => {
    fc.assert(
      fc.property(arbitraryTensorOf(dataType), fc.integer({ min: 0, max: 9 }), (tensor, offset) => {
        const bytes = tensorDataToBytes(tensor);
        const shifted = new Uint8Array(bytes.length + offset);
        shifted.set(bytes, offset);
        const { shape } = tensor;
        const data = tensorDataFromBytes({ dataType, shape, bytes: shifted.subarray(offset), path: "x" });
        expect(bitsOf({ data })).toEqual(bitsOf(tensor));
      }),
      RUNS,
    );
  });
});

test("values that JSON has no numbers for are strings, so the body stays valid JSON", () => {
  const data = Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0.1);
  const expected = '["NaN","Infinity","-Infinity",-0,0.1]';
  expect(tensorDataToJson({ dataType: "FP32", data })).toBe(expected);
  expect(tensorDataToJson({ dataType: "FP64", data: Float64Array.of(Number.NaN, -0, 0.1) })).toBe('["NaN",-0,0.1]');
  expect(tensorDataToJson({ dataType: "FP16", data: Uint16Array.of(0x7e00, 0xfc00) })).toBe('["NaN","-Infinity"]');
  expect(tensorDataToJson({ dataType: "BF16", data: Uint16Array.of(0x7fc0, 0x7f80) })).toBe('["NaN","Infinity"]');
});

test("64-bit integers keep every digit on the way out", () => {
  const data = BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n);
  expect(tensorDataToJson({ dataType: "INT64", data })).toBe(
    "[-9223372036854775808,9007199254740993,9223372036854775807]",
  );
});

test("a string that starts with a byte order mark keeps it", () => {
  const data = ["\ufeffabc", "\0"];
  const bytes = tensorDataToBytes({ data });
  expect(tensorDataFromBytes({ dataType: "BYTES", shape: [2], bytes, path: "x" })).toEqual(data);
});
