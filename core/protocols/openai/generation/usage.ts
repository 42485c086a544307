import { formatUsd } from "../../../pricing/request-price.ts";
import type { AnsweredBy } from "../../protocol.ts";
import type { InferenceUsage } from "../../spec/inference.ts";

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
 */
export const usageMembers = (usage: InferenceUsage, answer: AnsweredBy) => ({
  choices: [],
  usage: usageObject(usage),
  x_farthing: { price_usd: formatUsd(answer.priceUsd(usage)) },
});

/** For callers who did not ask for usage: clients pass over comments, people who look at the stream do not. */
export const priceComment = (usage: InferenceUsage, answer: AnsweredBy) => ({
  type: "comment" as const,
  text: `x-farthing-price-usd ${formatUsd(answer.priceUsd(usage))}`,
});
