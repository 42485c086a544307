/** Embeddings, asked of an engine: https://platform.openai.com/docs/api-reference/embeddings/create */
import { FarthingError } from "../../errors.ts";
import { isJsonObject } from "../json/parse-json.ts";
import type { EmbeddingInference, EmbeddingResult } from "../spec/inference.ts";
import { estimatedTokens } from "./token-estimate.ts";
import type { UpstreamCall, UpstreamModel } from "./upstream.ts";
import { errorInside } from "./upstream-error.ts";

export function embeddingsCall({ inputs, dimensions }: EmbeddingInference, { name }: UpstreamModel): UpstreamCall {
  const body = {
    model: name,
    input: inputs,
    // Floats in binary: a third of the bytes, and no parsing.
    encoding_format: "base64",
    ...(dimensions !== undefined && { dimensions }),
  };
  return { path: "/v1/embeddings", body: JSON.stringify(body) };
}

/** Throws `dependency_unavailable` for what is no answer to `request`, and the error that stands in place of one. */
export function embeddingsResult(body: string, request: EmbeddingInference, inferenceMillis: number): EmbeddingResult {
  const value = parsed(body);
  const error = errorInside(value);
  if (error !== undefined) throw error;
  if (!isJsonObject(value) || !Array.isArray(value.data)) throw broken(body);
  const vectors: Float32Array[] = [];
  for (const [position, item] of (value.data as readonly unknown[]).entries()) {
    if (!isJsonObject(item)) throw broken(body);
    const index = typeof item.index === "number" ? item.index : position;
    vectors[index] = vectorOf(item.embedding, body);
  }
  const length = vectors[0]?.length ?? 0;
  const isComplete =
    vectors.length === request.inputs.length && request.inputs.every((_, index) => vectors[index]?.length === length);
  if (!isComplete || length === 0) throw broken(body);
  const counted = isJsonObject(value.usage) ? value.usage.prompt_tokens : undefined;
  const usage =
    typeof counted === "number" && Number.isSafeInteger(counted) && counted >= 0
      ? { inputTokens: counted, outputTokens: 0, inferenceMillis }
      : { inputTokens: estimateOf(request), outputTokens: 0, inferenceMillis, estimated: true as const };
  return { type: "embeddings", vectors, usage };
}

function vectorOf(embedding: unknown, body: string): Float32Array {
  if (Array.isArray(embedding)) return Float32Array.from(embedding.map(Number));
  if (typeof embedding !== "string") throw broken(body);
  // A copy: the pool's buffers are not aligned.
  const bytes = Uint8Array.from(Buffer.from(embedding, "base64"));
  if (bytes.length === 0 || bytes.length % Float32Array.BYTES_PER_ELEMENT !== 0) throw broken(body);
  return new Float32Array(bytes.buffer);
}

const estimateOf = ({ inputs }: EmbeddingInference): number =>
  inputs.reduce((sum, input) => sum + (typeof input === "string" ? estimatedTokens(input) : input.length), 0);

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw broken(body);
  }
}

const broken = (body: string): FarthingError =>
  new FarthingError("dependency_unavailable", "The engine behind this model sent no embeddings.", {
    retryAfterSeconds: 5,
    cause: new Error(`the engine sent ${body.slice(0, 200)}`),
  });
