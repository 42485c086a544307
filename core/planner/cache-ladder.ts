/**
 * The highest limits that an hour's money allows. Storage and processing compete for it, so there is one order in which it is
 * given out; more money never lowers either limit.
 *
 *  1. what the service takes at least: 1 GB, 1,000 units a second
 *  2. the units that were needed: beyond their limit a request goes without the cache
 *  3. the storage that was needed: beyond its limit what was asked for longest ago goes, which costs less
 *  4. units up to the bound
 *  5. storage up to the bound
 *
 * Each rung is climbed whole before the next one begins.
 */
import { type CacheLimits, type CachePrices, usdPerUnitHour, worstUsdPerHour } from "./cache-cost.ts";

export type CacheMaxima = Pick<CacheLimits, "maxGb" | "maxUnitsPerSecond">;

/** https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ECPUPerSecond.html and API_DataStorage.html */
export const LEAST_LIMITS: CacheMaxima = { maxGb: 1, maxUnitsPerSecond: 1000 };
/** Between bounds, so that the numbers are readable and do not change with every cent. */
const UNIT_STEP = 100;

/** `needed` and `bounds`: whole GB, whole units. Where the money does not reach even the first rung, that is the answer. */
export function highestLimits(
  usdPerHour: number,
  needed: CacheMaxima,
  bounds: CacheMaxima,
  prices: CachePrices,
): CacheMaxima {
  let { maxGb, maxUnitsPerSecond } = LEAST_LIMITS;
  let left = usdPerHour - worstUsdPerHour(LEAST_LIMITS, prices);
  const afford = (usdEach: number, wanted: number, step: number): number => {
    if (left <= 0 || wanted <= 0) return 0;
    const affordable = left / usdEach;
    const got = affordable >= wanted ? wanted : Math.floor(affordable / step) * step;
    left -= got === 0 ? 0 : got * usdEach;
    return got;
  };
  const climb = (target: CacheMaxima): boolean => {
    const unitsTo = Math.min(target.maxUnitsPerSecond, bounds.maxUnitsPerSecond);
    maxUnitsPerSecond += afford(usdPerUnitHour(prices), unitsTo - maxUnitsPerSecond, UNIT_STEP);
    if (maxUnitsPerSecond < unitsTo) return false;
    const gbTo = Math.min(target.maxGb, bounds.maxGb);
    maxGb += afford(prices.usdPerGbHour, gbTo - maxGb, 1);
    return maxGb >= gbTo;
  };
  if (climb(needed)) climb(bounds);
  return { maxGb, maxUnitsPerSecond };
}
