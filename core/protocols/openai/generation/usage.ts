import { formatUsd } from "../../../pricing/request-price.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { InferenceUsage } from "../../spec/inference.ts";
import type { StreamedChunk } from "./event-stream.ts";

/** `estimated` is ours: the engine gave no counts. */
export const usageObject = ({
  inputTokens,
  cachedInputTokens,
  outputTokens,
  reasoningTokens,
  estimated,
}: InferenceUsage) => ({
  prompt_tokens: inputTokens,
  completion_tokens: outputTokens,
  total_tokens: inputTokens + outputTokens,
  ...(cachedInputTokens !== undefined && { prompt_tokens_details: { cached_tokens: cachedInputTokens } }),
  ...(reasoningTokens !== undefined && { completion_tokens_details: { reasoning_tokens: reasoningTokens } }),
  ...(estimated && { estimated }),
});

/**
 * What a stream says last of itself. Headers are gone by then, so the price, which buffered answers carry in
 * `x-farthing-price-usd`, is a member of this chunk that OpenAI's does not have: `x_farthing.price_usd`, a decimal as text.
 * `head`: of chunks with usage; undefined where the caller did not ask for it. Clients pass over comments, people who look at
 * the stream do not.
 */
export function lastChunk(usage: InferenceUsage, answer: AnsweredBy, head: object | undefined): StreamedChunk {
  const price = formatUsd(answer.priceUsd(usage));
  if (head === undefined) return { type: "comment", text: `x-farthing-price-usd ${price}` };
  return {
    type: "chunk",
    value: { ...head, choices: [], usage: usageObject(usage), x_farthing: { price_usd: price } },
  };
}
