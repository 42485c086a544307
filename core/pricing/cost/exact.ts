/** Money in whole picodollars: computed from whole quantities, rounded once, half up, and split without a rest. */
import { picodollarsOf, rounded } from "../picodollars.ts";
import type { PriceTiers } from "../price-book.ts";

/** `quantity` of the smallest unit at `usd` for `unitsPerPrice` of them. */
export function costOf(quantity: bigint, usd: number, unitsPerPrice: bigint): bigint {
  return rounded(quantity * picodollarsOf(usd), unitsPerPrice);
}

/**
 * `quantity` units that come after `before` others in the month, each at its own tier's price. Ends of tiers count units;
 * `smallest` of the quantity's units are one of those, and `unitsPerPrice` of those cost the tier's price.
 */
export function tieredCostOf(
  quantity: bigint,
  before: bigint,
  tiers: PriceTiers,
  { smallest, unitsPerPrice }: { readonly smallest: bigint; readonly unitsPerPrice: bigint },
): bigint {
  let parts = 0n;
  let from = before;
  const to = before + quantity;
  for (const [end, usd] of tiers) {
    const until = end === null ? to : least(to, BigInt(end) * smallest);
    if (until <= from) continue;
    parts += (until - from) * picodollarsOf(usd);
    from = until;
  }
  return rounded(parts, smallest * unitsPerPrice);
}

/**
 * Shares in proportion to the weights (0 or more, at least one above 0) that add up to `total` exactly: what rounding down
 * leaves over goes, one picodollar each, to the largest remainders; of equal ones to the earlier.
 */
export function splitExactly(total: bigint, weights: readonly bigint[]): readonly bigint[] {
  const sum = weights.reduce((all, weight) => all + weight, 0n);
  if (sum <= 0n) throw new RangeError("at least one weight must be above 0");
  const shares = weights.map((weight) => (total * weight) / sum);
  const rest = Number(total - shares.reduce((all, share) => all + share, 0n));
  const remainder = (index: number) => (total * (weights[index] as bigint)) % sum;
  const order = weights.map((_, index) => index).sort((a, b) => compare(remainder(b), remainder(a)) || a - b);
  for (const index of order.slice(0, rest)) shares[index] = (shares[index] as bigint) + 1n;
  return shares;
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
