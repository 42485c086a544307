import { float32Text, MAX_FLOAT32_TEXT, writeFloat32Text } from "../json/float32-text.ts";
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

/**
 * Embeddings and FP32 outputs: the hot path. Written as bytes and read as one string: put together from strings, a vector of
 * 384 numbers leaves 60 kB to the garbage collector, a third of what its whole request leaves.
 */
export function floatsText(values: Float32Array | Float16Array): string {
  let text = "[";
  for (let from = 0; from < values.length; from += FLOATS_AT_ONCE) {
    const to = Math.min(values.length, from + FLOATS_AT_ONCE);
    let end = 0;
    for (let index = from; index < to; index++) {
      if (index > 0) WRITTEN[end++] = COMMA;
      end = writeFloat32Text(values[index] as number, WRITTEN, end);
    }
    text += WRITTEN.toString("latin1", 0, end);
  }
  return `${text}]`;
}

const FLOATS_AT_ONCE = 1024;
/** Of one call of `floatsText`, which gives it back before it returns. */
const WRITTEN = Buffer.alloc(FLOATS_AT_ONCE * (MAX_FLOAT32_TEXT + 1));
const COMMA = 0x2c;

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
