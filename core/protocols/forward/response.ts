import { FarthingError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import type { InferenceResult, InferenceUsage, WholeResult } from "../spec/inference.ts";
import { tensorDataFromBytes } from "../tensors/from-bytes.ts";
import { errorHeader, readError } from "./error-header.ts";
import { RESPONSE_FRAME, type WireHeader } from "./forward.ts";
import { frame, readFrame } from "./frame.ts";
import { isSize, packTensors, unpackTensors } from "./wire-tensors.ts";

export type ForwardedResponse =
  | { readonly type: "result"; readonly result: InferenceResult }
  | { readonly type: "ready" }
  | { readonly type: "error"; readonly error: FarthingError };

/** Everything but generated text, whose frames are made by forward/generation.ts. */
export type WholeResponse =
  | { readonly type: "result"; readonly result: WholeResult }
  | Exclude<ForwardedResponse, { readonly type: "result" }>;

export function encodeForwardResponse(response: WholeResponse): Uint8Array {
  switch (response.type) {
    case "ready":
      return frame({ farthing: RESPONSE_FRAME, type: "ready" });
    case "error":
      return frame(errorHeader(response.error));
    case "result":
      return resultFrame(response.result);
  }
}

function resultFrame(result: WholeResult): Uint8Array {
  const { usage } = result;
  if (result.type === "tensors") {
    const { heads, chunks } = packTensors(result.outputs);
    return frame({ farthing: RESPONSE_FRAME, type: "tensors", outputs: heads, usage }, chunks);
  }
  const { vectors } = result;
  const chunks = vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const dimensions = vectors[0]?.length ?? 0;
  const header: WireHeader = {
    farthing: RESPONSE_FRAME,
    type: "embeddings",
    count: vectors.length,
    dimensions,
    usage,
  };
  return frame(header, chunks);
}

/** Throws `dependency_unavailable` for a frame that is cut short or is none: the other deployment failed on the way. */
export function decodeForwardResponse(bytes: Uint8Array): WholeResponse {
  try {
    return readWhole(bytes);
  } catch (error) {
    throw brokenOff(error);
  }
}

export const brokenOff = (cause: unknown): FarthingError =>
  new FarthingError("dependency_unavailable", "The deployment that holds the model broke off its answer.", { cause });

/** Throws plain Errors: the caller has one answer to all of them. */
function readWhole(bytes: Uint8Array): WholeResponse {
  const first = readFrame(bytes);
  if (first === undefined) throw new Error(`${bytes.length} bytes instead of a frame`);
  const { header, data } = first;
  switch (header.type) {
    case "ready":
      return { type: "ready" };
    case "error":
      return { type: "error", error: readError(header) };
    case "tensors":
      return {
        type: "result",
        result: { type: "tensors", outputs: unpackTensors(header.outputs, data), usage: readUsage(header.usage) },
      };
    case "embeddings":
      return {
        type: "result",
        result: { type: "embeddings", vectors: readVectors(header, data), usage: readUsage(header.usage) },
      };
    default:
      throw new Error("an unknown type of frame");
  }
}

function readVectors({ count, dimensions }: JsonObject, data: Uint8Array): readonly Float32Array[] {
  const vectorBytes = isSize(dimensions) ? dimensions * Float32Array.BYTES_PER_ELEMENT : -1;
  if (!isSize(count) || vectorBytes < 0 || count * vectorBytes !== data.length) {
    throw new Error(`${data.length} bytes of vectors do not fit their header`);
  }
  if (data.length === 0) return [];
  const width = dimensions as number;
  const floats = floatsFromBytes(data, [count, width]);
  if (count === 1) return [floats];
  return Array.from({ length: count }, (_, index) => floats.subarray(index * width, (index + 1) * width));
}

const floatsFromBytes = (bytes: Uint8Array, shape: readonly number[]): Float32Array =>
  tensorDataFromBytes({ dataType: "FP32", shape, bytes, path: "vectors" }) as Float32Array;

function readUsage(usage: unknown): InferenceUsage {
  if (!isJsonObject(usage)) throw new Error("a result without usage");
  const { inputTokens, outputTokens, inferenceMillis } = usage;
  if (!isSize(inputTokens) || !isSize(outputTokens) || typeof inferenceMillis !== "number") {
    throw new Error("a result with damaged usage");
  }
  return { inputTokens, outputTokens, inferenceMillis };
}
