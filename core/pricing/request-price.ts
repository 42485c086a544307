/**
 * What a caller is charged for one answered request: card, usage, and what the tenant used before in the month; nothing
 * else. A failed request has no usage and costs nothing.
 *
 * Exact: rates are whole picodollars (1e-12 USD), the sum is made in integers, and rounded once, half up, to whole
 * picodollars. So the same request always costs the same, and a price is at most half a picodollar from what the rates
 * say. The upper bound that admission reserves is made from the same terms: maximum-price.ts.
 */
import { rounded, usdOf } from "./picodollars.ts";
import { type CardPrice, PARTS_PER_PICODOLLAR, type PriceTerms, priceTerms, type Step } from "./price-terms.ts";
import type { MonthToDate, PricedUsage } from "./priced-usage.ts";

export { PICODOLLARS_PER_USD } from "./picodollars.ts";
export type { CardPrice } from "./price-terms.ts";
export type { MonthToDate, PricedUsage } from "./priced-usage.ts";

/** Whether `monthToDate` must be given: there are free requests or volume steps. */
export const dependsOnMonth = (price: CardPrice): boolean => priceTerms(price).monthly;
/** Whether `usage.costPicodollars` must be given. */
export const dependsOnCost = (price: CardPrice): boolean => priceTerms(price).markupMillionths !== undefined;

/**
 * `usage` undefined: the request failed. Throws a RangeError when the price depends on something that is not given: a
 * guess would charge wrongly in silence. maximumPrice throws the same before any work is done.
 */
export function requestPricePicodollars(
  price: CardPrice,
  usage: PricedUsage | undefined,
  monthToDate?: MonthToDate,
): bigint {
  if (usage === undefined) return 0n;
  const terms = priceTerms(price);
  if (terms.monthly && monthToDate === undefined) throw missing("what the tenant used in the month");
  if (monthToDate !== undefined && monthToDate.requests < terms.freeRequests) return 0n;
  const counted = { ...usage, requests: 1 };
  let parts = costParts(terms, usage.costPicodollars);
  for (const { quantity, steps } of terms.terms) {
    const used = quantity(counted);
    parts +=
      steps.length === 1
        ? BigInt(used) * (steps[0] as Step).partsPerUnit
        : stepParts(steps, monthToDate === undefined ? 0 : quantity(monthToDate), used);
  }
  return usage.cacheHit === true ? shareOf(parts, terms.cacheHitMillionths) : rounded(parts, PARTS_PER_PICODOLLAR);
}

/** The same as a number of USD: the double nearest to the exact price. */
export function requestPriceUsd(price: CardPrice, usage: PricedUsage | undefined, monthToDate?: MonthToDate): number {
  return usdOf(requestPricePicodollars(price, usage, monthToDate));
}

/** A decimal without an exponent, as headers carry it: `0.0000015`. Exact to the picodollar up to 4,000 USD. */
export function formatUsd(usd: number): string {
  const text = usd.toFixed(12);
  let end = text.length;
  while (text.charCodeAt(end - 1) === ZERO) end--;
  return text.slice(0, text.charCodeAt(end - 1) === POINT ? end - 1 : end);
}

const ZERO = 0x30;
const POINT = 0x2e;

/** `used` units after `before` others: each at the price of the step that it lies in. */
export function stepParts(steps: readonly Step[], before: number, used: number): bigint {
  let parts = 0n;
  let from = before;
  const to = before + used;
  for (const { end, partsPerUnit } of steps) {
    if (from >= to) break;
    if (end <= from) continue;
    const until = Math.min(to, end);
    parts += BigInt(until - from) * partsPerUnit;
    from = until;
  }
  return parts;
}

/** The cost with its mark-up, in the parts that the rates are summed in. */
export function costParts({ markupMillionths }: PriceTerms, costPicodollars: bigint | undefined): bigint {
  if (markupMillionths === undefined) return 0n;
  if (costPicodollars === undefined) throw missing("the cost of the request");
  // A millionth of a cost in picodollars is one part.
  return costPicodollars * markupMillionths;
}

const shareOf = (parts: bigint, millionths: bigint): bigint =>
  rounded(parts * millionths, PARTS_PER_PICODOLLAR * 1_000_000n);

const missing = (what: string): RangeError => new RangeError(`this price depends on ${what}, which is not known here`);
