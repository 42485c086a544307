/** ONNX Runtime's names of element types and ours. The arrays that hold them are the same on both sides. */
import type { DataType } from "../../core/protocols/spec/tensor.ts";
import type { OnnxTensor } from "./runtime.ts";

export type OnnxType = OnnxTensor.Type;

const ONNX_TYPES = {
  BOOL: "bool",
  UINT8: "uint8",
  UINT16: "uint16",
  UINT32: "uint32",
  UINT64: "uint64",
  INT8: "int8",
  INT16: "int16",
  INT32: "int32",
  INT64: "int64",
  FP16: "float16",
  FP32: "float32",
  FP64: "float64",
  BYTES: "string",
} as const satisfies Partial<Record<DataType, OnnxType>>;

/** BF16 is missing: onnxruntime-node refuses graphs that take or give it ("Unsupported data type: 16"). */
export type RunnableDataType = keyof typeof ONNX_TYPES;

const DATA_TYPES = new Map<OnnxType, RunnableDataType>(
  (Object.entries(ONNX_TYPES) as [RunnableDataType, OnnxType][]).map(([ours, theirs]) => [theirs, ours]),
);

/** Undefined for types that no protocol here can carry (int4, uint4). */
export const dataTypeOf = (type: OnnxType): RunnableDataType | undefined => DATA_TYPES.get(type);

export const onnxTypeOf = (dataType: DataType): OnnxType | undefined => ONNX_TYPES[dataType as RunnableDataType];
