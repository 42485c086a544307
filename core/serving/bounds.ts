/** The most that a request can use, as far as that is known before it runs: what admission reserves. */
import type { RequestBounds } from "../pricing/maximum-price.ts";
import type { GenerationInference } from "../protocols/spec/generation.ts";
import type { InferenceRequest } from "../protocols/spec/inference.ts";

export type UsageBounds = Omit<RequestBounds, "maxCostPicodollars" | "monthToDate">;

/** Of a buffered answer; Lambda's limit for a streamed body. https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html */
const MAX_RESPONSE_BYTES = 200 * 1024 * 1024;
/** Tokens that begin and end a text, and those that a chat template adds of its own (a default system message, words on tools). */
const EXTRA_TOKENS = { text: 16, chat: 512 } as const;
/** What a generation probably takes, when its caller sets no limit. It pays as it goes, so this only says what it begins with. */
const PROBABLE_OUTPUT_TOKENS = 256;
const BYTES_PER_TOKEN = 4;

export function usageBounds(request: InferenceRequest, requestBytes: number, remainingMillis: number): UsageBounds {
  return {
    maxInputTokens: mostInputTokens(request, requestBytes),
    maxOutputTokens: request.type === "generation" ? (mostOutputTokens(request) ?? PROBABLE_OUTPUT_TOKENS) : 0,
    maxInferenceMillis: Math.max(0, remainingMillis),
    maxRequestBytes: requestBytes,
    maxResponseBytes: MAX_RESPONSE_BYTES,
  };
}

/** Undefined: only the model's context ends it. */
export const mostOutputTokens = ({ maxTokens, choices, prompts }: GenerationInference): number | undefined =>
  maxTokens === undefined ? undefined : maxTokens * choices * prompts.length;

export function estimatedTokens(request: InferenceRequest, requestBytes: number): number {
  const input = Math.ceil(requestBytes / BYTES_PER_TOKEN);
  if (request.type !== "generation") return input;
  return input + (mostOutputTokens(request) ?? PROBABLE_OUTPUT_TOKENS);
}

/** A token is at least a byte of the body; where each of many texts is read beside another one, that one counts as often. */
function mostInputTokens(request: InferenceRequest, requestBytes: number): number {
  switch (request.type) {
    case "generation":
      return request.prompts.reduce(
        (sum, { type }) => sum + EXTRA_TOKENS[type === "chat" ? "chat" : "text"],
        requestBytes,
      );
    case "embeddings":
      return requestBytes + EXTRA_TOKENS.text * request.inputs.length;
    case "tensors": {
      const elements = request.inputs.map(({ shape }) => shape.reduce((product, length) => product * length, 1));
      const texts = Math.max(1, ...elements);
      if (request.inputs.length < 2) return requestBytes + EXTRA_TOKENS.text * texts;
      return (requestBytes + EXTRA_TOKENS.text) * texts;
    }
  }
}
