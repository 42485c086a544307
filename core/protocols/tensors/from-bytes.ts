/**
 * Tensor data out of raw bytes, as Triton's binary tensor data extension and our own wire between deployments write it:
 * little-endian, row-major, no padding; strings each behind a 4-byte length. Farthing runs on little-endian CPUs only
 * (x86-64, arm64), so numbers are not converted: a view where the alignment allows it, else one copy.
 */
import { FarthingError } from "../../errors.ts";
import { receivedShape } from "../json/received.ts";
import { DATA_TYPE_BYTES, type DataType, elementCount, type TensorData } from "../spec/tensor.ts";
import { isNanBfloat16, isNanHalf } from "./float16.ts";

export interface BinaryTensor {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** Where the tensor stands in the request: `inputs[0]`. */
  readonly path: string;
}

type NumericData = Exclude<TensorData, readonly string[]>;

/** The length of a string of BYTES. */
export const STRING_LENGTH_BYTES = 4;

const VIEWS: Readonly<
  Record<Exclude<DataType, "BYTES">, (buffer: ArrayBufferLike, offset: number, count: number) => NumericData>
> = {
  BOOL: (buffer, offset, count) => new Uint8Array(buffer, offset, count),
  UINT8: (buffer, offset, count) => new Uint8Array(buffer, offset, count),
  UINT16: (buffer, offset, count) => new Uint16Array(buffer, offset, count),
  UINT32: (buffer, offset, count) => new Uint32Array(buffer, offset, count),
  UINT64: (buffer, offset, count) => new BigUint64Array(buffer, offset, count),
  INT8: (buffer, offset, count) => new Int8Array(buffer, offset, count),
  INT16: (buffer, offset, count) => new Int16Array(buffer, offset, count),
  INT32: (buffer, offset, count) => new Int32Array(buffer, offset, count),
  INT64: (buffer, offset, count) => new BigInt64Array(buffer, offset, count),
  FP16: (buffer, offset, count) => new Uint16Array(buffer, offset, count),
  BF16: (buffer, offset, count) => new Uint16Array(buffer, offset, count),
  FP32: (buffer, offset, count) => new Float32Array(buffer, offset, count),
  FP64: (buffer, offset, count) => new Float64Array(buffer, offset, count),
};

/** Throws `invalid_shape` when the number of bytes is not what the shape needs; `invalid_field` for text that is not UTF-8. */
export function tensorDataFromBytes(tensor: BinaryTensor): TensorData {
  const { dataType, shape, bytes, path } = tensor;
  const count = elementCount(shape);
  if (dataType === "BYTES") return stringsFromBytes(bytes, count, shape, path);
  const size = DATA_TYPE_BYTES[dataType];
  if (bytes.length !== count * size) {
    throw new FarthingError(
      "invalid_shape",
      `${path} has ${bytes.length} bytes of data; ${dataType} of shape ${receivedShape(shape)} needs ${count * size}.`,
      { field: path },
    );
  }
  const aligned = bytes.byteOffset % size === 0 ? bytes : copied(bytes);
  return VIEWS[dataType](aligned.buffer, aligned.byteOffset, count);
}

/** Out of Node's pool, whose slices all begin at a multiple of 8: a small tensor needs no memory of its own. */
function copied(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafe(bytes.length);
  copy.set(bytes);
  return copy;
}

/** What no caller means to send: a NaN of any kind, a BOOL other than 0 and 1. Infinities pass (masks). */
export function refuseMeaninglessValues(dataType: DataType, data: TensorData, path: string): void {
  const index = firstMeaningless(dataType, data);
  if (index === -1) return;
  const field = `${path}[${index}]`;
  const message =
    dataType === "BOOL"
      ? `${field} is the byte ${data[index]}; BOOL takes 0 and 1.`
      : `${field} is NaN; ${dataType} inputs take numbers.`;
  throw new FarthingError("invalid_field", message, { field });
}

function firstMeaningless(dataType: DataType, data: TensorData): number {
  switch (dataType) {
    case "BOOL":
      return (data as Uint8Array).findIndex((value) => value > 1);
    case "FP32":
      return firstNan32(data as Float32Array);
    case "FP64":
      return (data as Float64Array).findIndex(Number.isNaN);
    case "FP16":
      return (data as Uint16Array).findIndex(isNanHalf);
    case "BF16":
      return (data as Uint16Array).findIndex(isNanBfloat16);
    default:
      return -1;
  }
}

/** Spelled out: the common case, and four times as fast as findIndex. */
function firstNan32(data: Float32Array): number {
  for (let index = 0; index < data.length; index++) {
    const value = data[index];
    if (value !== value) return index;
  }
  return -1;
}

/** U+FEFF at the start of a string is text like any other. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function stringsFromBytes(bytes: Uint8Array, count: number, shape: readonly number[], path: string): string[] {
  const wrongLength = (what: string) =>
    new FarthingError(
      "invalid_shape",
      `${path} has ${bytes.length} bytes of BYTES data, which ${what}; shape ${receivedShape(shape)} needs ${count} ` +
        `strings, each behind a ${STRING_LENGTH_BYTES}-byte little-endian length.`,
      { field: path },
    );
  if (count * STRING_LENGTH_BYTES > bytes.length) throw wrongLength("is too short for the lengths alone");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const strings = new Array<string>(count);
  let offset = 0;
  for (let index = 0; index < count; index++) {
    if (offset + STRING_LENGTH_BYTES > bytes.length) throw wrongLength(`ends before string ${index}`);
    const start = offset + STRING_LENGTH_BYTES;
    const end = start + view.getUint32(offset, true);
    if (end > bytes.length) throw wrongLength(`ends inside string ${index} of ${end - start} bytes`);
    strings[index] = text(bytes.subarray(start, end), `${path}.data[${index}]`);
    offset = end;
  }
  if (offset !== bytes.length) throw wrongLength(`goes on for ${bytes.length - offset} bytes after the last string`);
  return strings;
}

function text(bytes: Uint8Array, field: string): string {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    const message = `${field} is not valid UTF-8; BYTES holds text in UTF-8.`;
    throw new FarthingError("invalid_field", message, { field, cause: error });
  }
}
