import fc from "fast-check";
import {
  DATA_TYPE_BYTES,
  type DataType,
  elementCount,
  type Tensor,
  type TensorData,
} from "../../../../core/protocols/spec/tensor.ts";

export const DATA_TYPES = Object.keys(DATA_TYPE_BYTES) as readonly DataType[];

/** No empty batch; dimensions behind the first may be 0. */
export const arbitraryShape = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }))
  .map(([batch, rest]) => [batch, ...rest]);

const FINITE = { noNaN: true, noDefaultInfinity: true } as const;
const halfBits = (exponent: number) =>
  fc.integer({ min: 0, max: 0xffff }).filter((bits) => (bits & exponent) !== exponent);

/** Values that a JSON body can hold, too: NaN and infinities are tested by name. */
function arbitraryData(dataType: DataType, count: number): fc.Arbitrary<TensorData> {
  const list = <Value>(value: fc.Arbitrary<Value>) => fc.array(value, { minLength: count, maxLength: count });
  const integers = (min: number, max: number) => list(fc.integer({ min, max }));
  switch (dataType) {
    case "BOOL":
      return integers(0, 1).map((values) => Uint8Array.from(values));
    case "UINT8":
      return integers(0, 255).map((values) => Uint8Array.from(values));
    case "UINT16":
      return integers(0, 65535).map((values) => Uint16Array.from(values));
    case "UINT32":
      return integers(0, 2 ** 32 - 1).map((values) => Uint32Array.from(values));
    case "UINT64":
      return list(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })).map((values) => BigUint64Array.from(values));
    case "INT8":
      return integers(-128, 127).map((values) => Int8Array.from(values));
    case "INT16":
      return integers(-32768, 32767).map((values) => Int16Array.from(values));
    case "INT32":
      return integers(-(2 ** 31), 2 ** 31 - 1).map((values) => Int32Array.from(values));
    case "INT64":
      return list(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map((values) => BigInt64Array.from(values));
    case "FP16":
      return list(halfBits(0x7c00)).map((values) => Uint16Array.from(values));
    case "BF16":
      return list(halfBits(0x7f80)).map((values) => Uint16Array.from(values));
    case "FP32":
      return list(fc.float(FINITE)).map((values) => Float32Array.from(values));
    case "FP64":
      return list(fc.double(FINITE)).map((values) => Float64Array.from(values));
    case "BYTES":
      return list(fc.string({ unit: "binary", maxLength: 12 }).filter((text) => text.isWellFormed()));
  }
}

export const arbitraryTensorOf = (dataType: DataType, name = "x"): fc.Arbitrary<Tensor> =>
  arbitraryShape.chain((shape) =>
    arbitraryData(dataType, elementCount(shape)).map((data) => ({ name, dataType, shape, data })),
  );

export const arbitraryTensor = (name = "x"): fc.Arbitrary<Tensor> =>
  fc.constantFrom(...DATA_TYPES).chain((dataType) => arbitraryTensorOf(dataType, name));

/** Bit patterns, so that -0 and 0 differ and nothing is compared by value. */
export function bitsOf({ data }: Pick<Tensor, "data">): unknown {
  return ArrayBuffer.isView(data)
    ? [data.constructor.name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")]
    : data;
}
