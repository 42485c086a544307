import { USAGE_LINE_VERSION, type UsageLine } from "./usage-line.ts";

/** A usage line without what follows from the rest. */
export type UsageFacts = Omit<UsageLine, "usage">;

/**
 * The line as it is written: versioned, and true to the rule that a request which failed before anything was delivered
 * costs nothing and has no tokens to charge for. Plain code, because it runs in every request; what a reader must check stands in usage-line-schema.ts.
 */
export function buildUsageLine(facts: UsageFacts): UsageLine {
  if (facts.error === undefined || facts.delivered) return { usage: USAGE_LINE_VERSION, ...facts };
  return { usage: USAGE_LINE_VERSION, ...facts, inputTokens: 0, outputTokens: 0, priceUsd: 0 };
}
