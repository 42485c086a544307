import { float32Text } from "../json/float32-text.ts";
import type { Tensor, TensorData } from "../spec/tensor.ts";
import { bfloat16Value } from "./float16.ts";

/**
 * Tensor data as a flat JSON array. 64-bit integers keep every digit. NaN and the infinities, which JSON has no numbers
 * for, are the strings "NaN", "Infinity" and "-Infinity", as in proto3's JSON mapping: null would lose which one it was,
 * and a masked logit of -Infinity is an answer, not a failure. https://protobuf.dev/programming-guides/json/
 */
export function tensorDataToJson(tensor: Pick<Tensor, "dataType" | "data">): string {
  switch (tensor.dataType) {
    case "BOOL":
      return arrayText(tensor.data as Uint8Array, (value) => (value === 0 ? "false" : "true"));
    case "FP32":
      return floatsText(tensor.data as Float32Array);
    case "FP64":
      return arrayText(tensor.data as Float64Array, float64Text);
    case "FP16": {
      const { buffer, byteOffset, length } = tensor.data as Uint16Array;
      return floatsText(new Float16Array(buffer, byteOffset, length));
    }
    case "BF16":
      return arrayText(tensor.data as Uint16Array, (pattern) => float32Text(bfloat16Value(pattern)));
    case "BYTES":
      return JSON.stringify(tensor.data);
    default:
      return `[${(tensor.data as Exclude<TensorData, readonly string[]>).join(",")}]`;
  }
}

/** Embeddings and FP32 outputs: the hot path, without a call through a closure per element. */
export function floatsText(values: Float32Array | Float16Array): string {
  if (values.length === 0) return "[]";
  let text = `[${float32Text(values[0] as number)}`;
  for (let index = 1; index < values.length; index++) text += `,${float32Text(values[index] as number)}`;
  return `${text}]`;
}

function arrayText<Data extends Uint8Array | Uint16Array | Float64Array>(
  values: Data,
  textOf: (value: number) => string,
): string {
  const texts = new Array<string>(values.length);
  for (let index = 0; index < values.length; index++) texts[index] = textOf(values[index] as number);
  return `[${texts.join(",")}]`;
}

function float64Text(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`;
  return Object.is(value, -0) ? "-0" : String(value);
}
