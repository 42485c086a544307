import type { Tensor, TensorData } from "../../../core/protocols/spec/tensor.ts";

/** The numbers of an FP32 or FP16 output. Throws an Error for any other: such a graph does not fit its task. */
export function floatsOf({ name, dataType, data }: Tensor): ArrayLike<number> {
  if (data instanceof Float32Array) return data;
  if (dataType === "FP16") return halfFloats(data);
  throw new Error(`output "${name}" is ${dataType}, not FP32 or FP16`);
}

/** Half floats travel as their bits. */
function halfFloats(data: TensorData): Float16Array {
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Float16Array(buffer, byteOffset, length);
}
