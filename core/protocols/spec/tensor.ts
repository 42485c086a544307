/** Tensors as every protocol, target and model runner exchanges them. Names and sizes follow the Open Inference Protocol. */

/** Bytes per element; 0 means that elements vary (strings). */
export const DATA_TYPE_BYTES = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  BF16: 2,
  FP32: 4,
  FP64: 8,
  BYTES: 0,
} as const;

export type DataType = keyof typeof DATA_TYPE_BYTES;

export type TensorData =
  | Uint8Array // BOOL (0 or 1), UINT8
  | Uint16Array // UINT16; FP16 and BF16 as their bit patterns
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | readonly string[]; // BYTES; the strings of ONNX are UTF-8

export interface Tensor {
  readonly name: string;
  readonly dataType: DataType;
  /** Row-major; an empty shape is a scalar. The product equals `data.length`. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) count *= size;
  return count;
}
