/**
 * The shared cache as the plan wants it, or the options where the plan is silent; and where a governor raises limits by the money
 * that is left, the limits to start from, by the price book.
 */
import { type CacheLimits, type CachePrices, cachePricesOf } from "../core/planner/cache-cost.ts";
import { type CacheBounds, firstCacheLimits } from "../core/planner/cache-limits.ts";
import type { CacheOptions } from "./cache-options.ts";
import type { Decisions } from "./decisions.ts";
import type { GovernorOptions } from "./governor-options.ts";

export interface PlannedCache {
  /** Of the template. */
  readonly limits: CacheLimits;
  readonly governed: CacheGovernance | undefined;
}

export interface CacheGovernance extends Pick<GovernorOptions, "mode" | "everyMinutes"> {
  readonly bounds: CacheBounds;
  readonly prices: CachePrices;
}

/** Throws an Error where the plan keeps more ready than there may be. */
export function plannedCache(options: CacheOptions, { plan, priceBook }: Decisions): PlannedCache {
  const bounds: CacheLimits = {
    maxGb: plan.cache?.maxGb ?? options.maxGb,
    maxUnitsPerSecond: plan.cache?.maxUnitsPerSecond ?? options.maxEcpuPerSecond,
    minUnitsPerSecond: plan.cache?.minUnitsPerSecond ?? 0,
  };
  if (bounds.minUnitsPerSecond > bounds.maxUnitsPerSecond) {
    const { minUnitsPerSecond: min, maxUnitsPerSecond: max } = bounds;
    throw new Error(
      `the plan's cache.minUnitsPerSecond, ${min}, is above the most that it may process, ${max} a second`,
    );
  }
  const { governor } = options;
  if (governor === undefined) return { limits: bounds, governed: undefined };
  const { mode, everyMinutes, monthlyUsd } = governor;
  const prices = cachePricesOf(priceBook);
  const governed = { mode, everyMinutes, prices, bounds: { ...bounds, monthlyUsd } };
  // Where nobody raises them again, limits that a whole month could run at would be too low.
  return { governed, limits: mode === "apply" ? firstCacheLimits(governed.bounds, prices) : bounds };
}
