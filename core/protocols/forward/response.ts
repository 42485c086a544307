import { ERRORS, type ErrorCode, FarthingError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import type { InferenceResult, InferenceUsage } from "../spec/inference.ts";
import { RESPONSE_FRAME, type WireHeader } from "./forward.ts";
import { isSize, packTensors, unpackTensors } from "./wire-tensors.ts";

export type ForwardedResponse =
  | { readonly type: "result"; readonly result: InferenceResult }
  | { readonly type: "ready" }
  | { readonly type: "error"; readonly error: FarthingError };

const LENGTH_BYTES = 4;

export function encodeForwardResponse(response: ForwardedResponse): Uint8Array {
  switch (response.type) {
    case "ready":
      return frame({ farthing: RESPONSE_FRAME, type: "ready" }, []);
    case "error":
      return frame(errorHeader(response.error), []);
    case "result":
      return resultFrame(response.result);
  }
}

/** Throws `dependency_unavailable` for a frame that is cut short or is none: the other deployment failed on the way. */
export function decodeForwardResponse(bytes: Uint8Array): ForwardedResponse {
  try {
    return readFrame(bytes);
  } catch (error) {
    throw new FarthingError("dependency_unavailable", "The deployment that holds the model broke off its answer.", {
      cause: error,
    });
  }
}

function resultFrame(result: InferenceResult): Uint8Array {
  const { usage } = result;
  if (result.type === "tensors") {
    const { heads, chunks } = packTensors(result.outputs);
    return frame({ farthing: RESPONSE_FRAME, type: "tensors", outputs: heads, usage }, chunks);
  }
  const { vectors } = result;
  const chunks = vectors.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const dimensions = vectors[0]?.length ?? 0;
  return frame({ farthing: RESPONSE_FRAME, type: "embeddings", count: vectors.length, dimensions, usage }, chunks);
}

function errorHeader({ code, message, field, retryAfterSeconds }: FarthingError): WireHeader {
  return {
    farthing: RESPONSE_FRAME,
    type: "error",
    code,
    message,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  };
}

function frame(header: WireHeader, chunks: readonly Uint8Array[]): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...chunks]);
}

/** Throws plain Errors: the caller has one answer to all of them. */
function readFrame(bytes: Uint8Array): ForwardedResponse {
  if (bytes.length < LENGTH_BYTES) throw new Error(`${bytes.length} bytes instead of a frame`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
  const end = LENGTH_BYTES + length;
  if (end > bytes.length) throw new Error(`a header of ${length} bytes in a frame of ${bytes.length}`);
  const header: unknown = JSON.parse(Buffer.from(bytes.subarray(LENGTH_BYTES, end)).toString("utf8"));
  if (!isJsonObject(header) || header.farthing !== RESPONSE_FRAME) throw new Error(`not a ${RESPONSE_FRAME} frame`);
  const data = bytes.subarray(end);
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

function readError({ code, message, field, retryAfterSeconds }: JsonObject): FarthingError {
  if (typeof code !== "string" || !Object.hasOwn(ERRORS, code) || typeof message !== "string") {
    throw new Error("an error without code and message");
  }
  return new FarthingError(code as ErrorCode, message, {
    ...(typeof field === "string" ? { field } : {}),
    ...(typeof retryAfterSeconds === "number" ? { retryAfterSeconds } : {}),
  });
}

function readVectors({ count, dimensions }: JsonObject, data: Uint8Array): readonly Float32Array[] {
  const vectorBytes = isSize(dimensions) ? dimensions * Float32Array.BYTES_PER_ELEMENT : -1;
  if (!isSize(count) || vectorBytes < 0 || count * vectorBytes !== data.length) {
    throw new Error(`${data.length} bytes of vectors do not fit their header`);
  }
  if (data.length === 0) return [];
  const floats = new Float32Array(new Uint8Array(data).buffer);
  return Array.from({ length: count }, (_, index) =>
    floats.subarray(index * (dimensions as number), (index + 1) * (dimensions as number)),
  );
}

function readUsage(usage: unknown): InferenceUsage {
  if (!isJsonObject(usage)) throw new Error("a result without usage");
  const { inputTokens, outputTokens, inferenceMillis } = usage;
  if (!isSize(inputTokens) || !isSize(outputTokens) || typeof inferenceMillis !== "number") {
    throw new Error("a result with damaged usage");
  }
  return { inputTokens, outputTokens, inferenceMillis };
}
