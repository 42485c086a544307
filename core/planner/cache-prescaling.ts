/**
 * How many units a second are kept ready. That is billed whether they are used or not, so the answer is the plan's minimum, which
 * may be none, until commands were turned away although the limit was far: then traffic rose faster than the service scales
 * (it doubles in 10 to 12 minutes), and the next rise will find twice that minute's units ready. It stays while such minutes
 * come, and goes when they have not come for two days.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html
 */
import { type CacheLimits, type CachePrices, usdPerUnitHour } from "./cache-cost.ts";
import type { ObservedUse } from "./cache-use.ts";

/** What an empty cache takes without pre-scaling: a lower minimum is paid for nothing. */
export const UNITS_OF_AN_EMPTY_CACHE = 30_000;
/** Below this share of its limit, a minute with refused commands was not the limit's doing. */
const NEAR_THE_LIMIT = 0.9;
const ROOM_FOR_A_RISE = 2;
/** Of what an hour may cost: readiness is not to use up what requests are paid from. */
const LARGEST_SHARE = 0.25;

export interface Prescaling {
  readonly use: ObservedUse;
  readonly inForce: CacheLimits;
  /** Of the plan; 0: none. */
  readonly plannedMin: number;
  /** The limit that was chosen. */
  readonly maxUnitsPerSecond: number;
  readonly allowedUsdPerHour: number;
  readonly prices: CachePrices;
}

export function prescaledUnits(facts: Prescaling): number {
  const { use, inForce, plannedMin, maxUnitsPerSecond, allowedUsdPerHour, prices } = facts;
  const planned = Math.min(plannedMin, maxUnitsPerSecond);
  const affordable = Math.floor((LARGEST_SHARE * allowedUsdPerHour) / usdPerUnitHour(prices));
  const most = Math.min(maxUnitsPerSecond, affordable);
  const wanted = Math.min(most, wantedUnits(use, inForce));
  return wanted > Math.max(planned, UNITS_OF_AN_EMPTY_CACHE) ? wanted : planned;
}

function wantedUnits(use: ObservedUse, { minUnitsPerSecond, maxUnitsPerSecond }: CacheLimits): number {
  const twice = Math.ceil(ROOM_FOR_A_RISE * use.peakUnitsPerSecond);
  const isTooSlow = use.throttledMinutes > 0 && use.peakUnitsPerSecond < NEAR_THE_LIMIT * maxUnitsPerSecond;
  if (isTooSlow) return Math.max(twice, minUnitsPerSecond);
  return twice >= minUnitsPerSecond ? minUnitsPerSecond : 0;
}

/** Commands were turned away because of the limit: how much was wanted nobody knows. */
export const isAtTheLimit = (use: ObservedUse, { maxUnitsPerSecond }: CacheLimits): boolean =>
  use.throttledMinutes > 0 && use.peakUnitsPerSecond >= NEAR_THE_LIMIT * maxUnitsPerSecond;
