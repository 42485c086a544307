/**
 * Tensor data out of a JSON array. The loops are spelled out per type: this is the hot path, one pass, no copy between
 * the parsed array and the typed one. Nothing is coerced: `"1"`, `true` and `1.5` are no integers, `null` is no number.
 */
import { FarthingError } from "../../errors.ts";
import { received } from "../json/received.ts";
import { type DataType, elementCount, type TensorData } from "../spec/tensor.ts";
import { bfloat16Bits, bfloat16Value } from "./float16.ts";
import { checkRows, visitRows } from "./nested-rows.ts";

export interface JsonTensor {
  readonly dataType: DataType;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
  /** Where the data stands in the request: `inputs[0].data`. */
  readonly path: string;
  /** The same data with long integer literals as strings. Called only when a 64-bit tensor holds one beyond ±2^53. */
  exactly(): readonly unknown[];
}

type Row = readonly unknown[];
type Fill<Data> = (target: Data, start: number, row: Row, path: string) => void;
type Decoder = (tensor: JsonTensor, count: number) => TensorData;

/** Throws `invalid_shape` when data and shape disagree, `invalid_field` for an element that the type cannot hold. */
export function tensorDataFromJson(tensor: JsonTensor): TensorData {
  const count = elementCount(tensor.shape);
  checkRows(tensor.data, tensor.shape, count, tensor.path);
  return DECODERS[tensor.dataType](tensor, count);
}

function decoder<Data extends TensorData>(allocate: (count: number) => Data, fill: Fill<Data>): Decoder {
  return (tensor, count) => {
    const target = allocate(count);
    visitRows(tensor.data, tensor.shape, tensor.path, (row, start, path) => fill(target, start, row, path));
    return target;
  };
}

/** Reads the body again only when an integer beyond ±2^53 turns up: nearly never. */
function longDecoder<Data extends BigInt64Array | BigUint64Array>(
  allocate: (count: number) => Data,
  fill: Fill<Data>,
  limits: IntegerLimits,
): Decoder {
  const fast = decoder(allocate, fill);
  return (tensor, count) => {
    try {
      return fast(tensor, count);
    } catch (error) {
      if (error !== BEYOND_SAFE_INTEGERS) throw error;
      const literals: unknown[] = [];
      visitRows(tensor.exactly(), tensor.shape, tensor.path, (row) => {
        for (const literal of row) literals.push(literal);
      });
      return decoder(allocate, exactFill<Data>(literals, limits))(tensor, count);
    }
  };
}

const BEYOND_SAFE_INTEGERS = Symbol("an integer that a double cannot hold exactly");

interface IntegerLimits {
  readonly dataType: DataType;
  readonly least: bigint;
  readonly most: bigint;
  readonly range: string;
}

const INT64: IntegerLimits = {
  dataType: "INT64",
  least: -(2n ** 63n),
  most: 2n ** 63n - 1n,
  range: "-9223372036854775808 to 9223372036854775807",
};
const UINT64: IntegerLimits = {
  dataType: "UINT64",
  least: 0n,
  most: 2n ** 64n - 1n,
  range: "0 to 18446744073709551615",
};

const DECODERS: Readonly<Record<DataType, Decoder>> = {
  BOOL: decoder((count) => new Uint8Array(count), fillBool),
  UINT8: decoder((count) => new Uint8Array(count), integerFill("UINT8", 0, 255)),
  UINT16: decoder((count) => new Uint16Array(count), integerFill("UINT16", 0, 65535)),
  UINT32: decoder((count) => new Uint32Array(count), integerFill("UINT32", 0, 4294967295)),
  UINT64: longDecoder((count) => new BigUint64Array(count), fillUint64, UINT64),
  INT8: decoder((count) => new Int8Array(count), integerFill("INT8", -128, 127)),
  INT16: decoder((count) => new Int16Array(count), integerFill("INT16", -32768, 32767)),
  INT32: decoder((count) => new Int32Array(count), integerFill("INT32", -2147483648, 2147483647)),
  INT64: longDecoder((count) => new BigInt64Array(count), fillInt64, INT64),
  FP16: decoder((count) => new Uint16Array(count), fillFp16),
  BF16: decoder((count) => new Uint16Array(count), fillBf16),
  FP32: decoder((count) => new Float32Array(count), fillFp32),
  FP64: decoder((count) => new Float64Array(count), fillFp64),
  BYTES: decoder((count) => new Array<string>(count), fillStrings),
};

function fillBool(target: Uint8Array, start: number, row: Row, path: string): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (value !== true && value !== false) throw wrongElement(path, index, value, "BOOL takes true or false");
    target[start + index] = value ? 1 : 0;
  }
}

type IntegerArray = Uint8Array | Uint16Array | Uint32Array | Int8Array | Int16Array | Int32Array;

/** Checks, then copies natively: one loop that stored into six kinds of array would be five times as slow. */
function integerFill<Data extends IntegerArray>(dataType: DataType, least: number, most: number): Fill<Data> {
  return (target, start, row, path) => {
    for (let index = 0; index < row.length; index++) {
      const value = row[index];
      if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) {
        throw wrongInteger(path, index, value, dataType, `${least} to ${most}`);
      }
    }
    target.set(row as readonly number[], start);
  };
}

/** Two 32-bit words: a third of the time that BigInt(value) takes. */
function fillInt64(target: BigInt64Array, start: number, row: Row, path: string): void {
  const words = new Int32Array(target.buffer, target.byteOffset, target.length * 2);
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number") throw wrongInteger(path, index, value, "INT64", INT64.range);
    if (!Number.isSafeInteger(value)) throw BEYOND_SAFE_INTEGERS;
    words[(start + index) * 2] = value | 0;
    words[(start + index) * 2 + 1] = Math.floor(value / 2 ** 32);
  }
}

function fillUint64(target: BigUint64Array, start: number, row: Row, path: string): void {
  const words = new Uint32Array(target.buffer, target.byteOffset, target.length * 2);
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number") throw wrongInteger(path, index, value, "UINT64", UINT64.range);
    if (!Number.isSafeInteger(value)) throw BEYOND_SAFE_INTEGERS;
    if (value < 0) throw wrongInteger(path, index, value, "UINT64", UINT64.range);
    words[(start + index) * 2] = value >>> 0;
    words[(start + index) * 2 + 1] = Math.floor(value / 2 ** 32);
  }
}

/** A number counts as its literal says where that was kept, else as the double that it is (`1e18`). */
function exactFill<Data extends BigInt64Array | BigUint64Array>(
  literals: readonly unknown[],
  { dataType, least, most, range }: IntegerLimits,
): Fill<Data> {
  return (target, start, row, path) => {
    for (let index = 0; index < row.length; index++) {
      const value = row[index];
      if (typeof value !== "number" || !Number.isInteger(value)) {
        throw wrongInteger(path, index, value, dataType, range);
      }
      const literal = literals[start + index];
      const kept = typeof literal === "string" ? BigInt(literal) : value;
      if (kept < least || kept > most) throw wrongInteger(path, index, kept, dataType, range);
      target[start + index] = BigInt(kept);
    }
  };
}

function fillFp32(target: Float32Array, start: number, row: Row, path: string): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number") throw wrongElement(path, index, value, "FP32 takes numbers");
    const float = Math.fround(value);
    if (float - float !== 0) throw wrongElement(path, index, value, "FP32 takes numbers of at most ±3.4028235e38");
    target[start + index] = float;
  }
}

function fillFp64(target: Float64Array, start: number, row: Row, path: string): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number" || value - value !== 0) {
      throw wrongElement(path, index, value, "FP64 takes numbers of at most ±1.7976931348623157e308");
    }
    target[start + index] = value;
  }
}

function fillFp16(target: Uint16Array, start: number, row: Row, path: string): void {
  const halves = new Float16Array(target.buffer, target.byteOffset, target.length);
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number") throw wrongElement(path, index, value, "FP16 takes numbers");
    halves[start + index] = value;
    if (!Number.isFinite(halves[start + index])) {
      throw wrongElement(path, index, value, "FP16 takes numbers of at most ±65504");
    }
  }
}

function fillBf16(target: Uint16Array, start: number, row: Row, path: string): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "number") throw wrongElement(path, index, value, "BF16 takes numbers");
    const pattern = bfloat16Bits(value);
    if (!Number.isFinite(bfloat16Value(pattern))) {
      throw wrongElement(path, index, value, "BF16 takes numbers of at most ±3.3895314e38");
    }
    target[start + index] = pattern;
  }
}

function fillStrings(target: string[], start: number, row: Row, path: string): void {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== "string") throw wrongElement(path, index, value, "BYTES takes strings");
    if (!value.isWellFormed()) throw wrongElement(path, index, value, "half a surrogate pair is no Unicode text");
    target[start + index] = value;
  }
}

function wrongInteger(path: string, index: number, value: unknown, dataType: DataType, range: string): FarthingError {
  return wrongElement(path, index, value, `${dataType} takes whole numbers from ${range}`);
}

function wrongElement(path: string, index: number, value: unknown, allowed: string): FarthingError {
  const field = `${path}[${index}]`;
  return new FarthingError("invalid_field", `${field} is ${received(value)}; ${allowed}.`, { field });
}
