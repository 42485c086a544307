import type { Tensor } from "../spec/tensor.ts";
import { STRING_LENGTH_BYTES } from "./from-bytes.ts";

/** Tensor data as raw bytes: a view of the numbers (not a copy), or strings each behind its length. */
export function tensorDataToBytes(tensor: Pick<Tensor, "data">): Uint8Array {
  const { data } = tensor;
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const texts = data.map((text) => Buffer.from(text, "utf8"));
  const bytes = Buffer.allocUnsafe(texts.reduce((sum, text) => sum + STRING_LENGTH_BYTES + text.length, 0));
  let offset = 0;
  for (const text of texts) {
    offset = bytes.writeUInt32LE(text.length, offset);
    offset += text.copy(bytes, offset);
  }
  return bytes;
}
