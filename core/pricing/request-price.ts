/**
 * What a caller is charged for one answered request: card and usage, nothing else. A failed request has no usage and
 * costs nothing.
 *
 * Exact: a card's rates are read as whole picodollars (1e-12 USD) per request and per thousand tokens, the sum is made in
 * integers, and rounded once, half up, to whole picodollars. So the same request always costs the same, and a price is
 * at most half a picodollar from what the rates say. Rates finer than a picodollar are rounded to one.
 */
import type { ModelCard } from "../models/card.ts";
import type { InferenceUsage } from "../protocols/spec/inference.ts";

export type CardPrice = ModelCard["price"];
export type PricedUsage = Pick<InferenceUsage, "inputTokens" | "outputTokens">;

export const PICODOLLARS_PER_USD = 1_000_000_000_000;
const TOKENS_PER_RATE = 1000n;

/** `usage` undefined: the request failed. */
export function requestPricePicodollars(price: CardPrice, usage: PricedUsage | undefined): bigint {
  if (usage === undefined) return 0n;
  const thousandths =
    picodollars(price.usdPerRequest) * TOKENS_PER_RATE +
    picodollars(price.usdPerThousandInputTokens) * BigInt(usage.inputTokens) +
    picodollars(price.usdPerThousandOutputTokens) * BigInt(usage.outputTokens);
  return (thousandths + TOKENS_PER_RATE / 2n) / TOKENS_PER_RATE;
}

/** The same as a number of USD: the double nearest to the exact price. */
export function requestPriceUsd(price: CardPrice, usage: PricedUsage | undefined): number {
  return Number(requestPricePicodollars(price, usage)) / PICODOLLARS_PER_USD;
}

/** A decimal without an exponent, as headers carry it: `0.0000015`. Exact to the picodollar up to 4,000 USD. */
export function formatUsd(usd: number): string {
  const text = usd.toFixed(12);
  return text.replace(/\.?0+$/, "");
}

const picodollars = (usd: number | undefined): bigint =>
  usd === undefined ? 0n : BigInt(Math.round(usd * PICODOLLARS_PER_USD));
