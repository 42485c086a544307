import { isJsonObject } from "../json/parse-json.ts";
import { DATA_TYPE_BYTES, type DataType, type Tensor } from "../spec/tensor.ts";
import { tensorDataFromBytes } from "../tensors/from-bytes.ts";
import { tensorDataToBytes } from "../tensors/to-bytes.ts";
import type { WireTensor } from "./forward.ts";

export interface PackedTensors {
  readonly heads: readonly WireTensor[];
  readonly chunks: readonly Uint8Array[];
}

export function packTensors(tensors: readonly Tensor[]): PackedTensors {
  const chunks = tensors.map(tensorDataToBytes);
  const heads = tensors.map(({ name, dataType, shape }, index) => ({
    name,
    dataType,
    shape,
    bytes: (chunks[index] as Uint8Array).length,
  }));
  return { heads, chunks };
}

/** Throws an Error that says what is wrong with the heads, and a FarthingError for data that does not fill them. */
export function unpackTensors(heads: unknown, data: Uint8Array): readonly Tensor[] {
  if (!Array.isArray(heads)) throw new Error("tensors are no array");
  let offset = 0;
  const tensors = heads.map((head: unknown, index) => {
    if (!isWireTensor(head)) throw new Error(`tensor ${index} has no name, datatype, shape or size`);
    const { name, dataType, shape } = head;
    const bytes = data.subarray(offset, offset + head.bytes);
    offset += head.bytes;
    return { name, dataType, shape, data: tensorDataFromBytes({ dataType, shape, bytes, path: `tensor ${index}` }) };
  });
  if (offset !== data.length) throw new Error(`${data.length} bytes of tensor data instead of ${offset}`);
  return tensors;
}

export const isSize = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function isWireTensor(value: unknown): value is WireTensor {
  return (
    isJsonObject(value) &&
    typeof value.name === "string" &&
    typeof value.dataType === "string" &&
    Object.hasOwn(DATA_TYPE_BYTES, value.dataType as DataType) &&
    Array.isArray(value.shape) &&
    value.shape.every(isSize) &&
    isSize(value.bytes)
  );
}
