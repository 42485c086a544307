/**
 * The most that a request can cost, before it runs: what admission reserves. No usage within the bounds is priced higher,
 * cached input, cache hits and free requests included. The bound is the exact price at full use for a price without
 * steps; with steps, and nothing known of the month, every unit counts at the dearest step.
 */
import { rounded } from "./picodollars.ts";
import {
  type CardPrice,
  PARTS_PER_PICODOLLAR,
  type PriceTerms,
  priceTerms,
  type Step,
  type Term,
} from "./price-terms.ts";
import type { MonthToDate } from "./priced-usage.ts";
import { costParts, stepParts } from "./request-price.ts";

/** Of one request; finite, whole numbers of tokens and bytes. */
export interface RequestBounds {
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number;
  /** Until the deadline: nothing works longer for it. */
  readonly maxInferenceMillis: number;
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  /** At list prices; needed by a price with a mark-up on cost. */
  readonly maxCostPicodollars?: bigint;
  /**
   * What the request will be priced with; then free requests and cheap steps lower the bound. Without it the bound holds
   * for whatever was used before.
   */
  readonly monthToDate?: MonthToDate;
}

/** Picodollars. Throws a RangeError when the price depends on the cost and `maxCostPicodollars` is not given. */
export function maximumPrice(price: CardPrice, bounds: RequestBounds): bigint {
  const terms = priceTerms(price);
  const { monthToDate } = bounds;
  if (monthToDate !== undefined && monthToDate.requests < terms.freeRequests) return 0n;
  const most = {
    requests: 1,
    inputTokens: bounds.maxInputTokens,
    outputTokens: bounds.maxOutputTokens,
    inferenceMillis: bounds.maxInferenceMillis,
    requestBytes: bounds.maxRequestBytes,
    responseBytes: bounds.maxResponseBytes,
  };
  let parts = costParts(terms, bounds.maxCostPicodollars);
  const split = inputTokensAreSplit(terms);
  for (const term of terms.terms) {
    if (split && isInput(term)) continue;
    parts += mostOf(term, term.quantity(most), monthToDate);
  }
  if (split) parts += BigInt(bounds.maxInputTokens) * dearestInput(terms, bounds);
  return rounded(parts, PARTS_PER_PICODOLLAR);
}

function mostOf({ steps, quantity }: Term, used: number, monthToDate: MonthToDate | undefined): bigint {
  if (monthToDate === undefined) return BigInt(used) * dearest(steps);
  return stepParts(steps, quantity(monthToDate), used);
}

const isInput = ({ name }: Term): boolean =>
  name === "usdPerThousandInputTokens" || name === "usdPerThousandCachedInputTokens";

const inputTokensAreSplit = ({ terms }: PriceTerms): boolean =>
  terms.some(({ name }) => name === "usdPerThousandCachedInputTokens");

/** How many input tokens will be cached is not known: each counts at the dearer of what it may cost. */
const dearestInput = ({ terms }: PriceTerms, { maxInputTokens, monthToDate }: RequestBounds): bigint =>
  terms
    .filter(isInput)
    .map(({ steps, quantity }) =>
      dearest(monthToDate === undefined ? steps : within(steps, quantity(monthToDate), maxInputTokens)),
    )
    .reduce(larger, 0n);

/** The steps that `used` units after `before` others may lie in. */
function within(steps: readonly Step[], before: number, used: number): readonly Step[] {
  const first = steps.findIndex(({ end }) => end > before);
  const last = steps.findIndex(({ end }) => end >= before + used);
  return steps.slice(first, last + 1);
}

const dearest = (steps: readonly Step[]): bigint => steps.map(({ partsPerUnit }) => partsPerUnit).reduce(larger, 0n);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
