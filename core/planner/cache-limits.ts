/**
 * The limits of a shared cache, decided anew every few minutes: as high as the owner's bounds and the month's money allow
 * (cache-pace.ts, cache-ladder.ts), with units kept ready where they were missing (cache-prescaling.ts). A pure function of what
 * is in force, what was used, and what it costs; docs/decisions/2026-11-24-cache-limits-by-the-month.md says why so.
 */
import { type CacheLimits, type CachePrices, worstUsdPerHour } from "./cache-cost.ts";
import { type CacheMaxima, highestLimits, LEAST_LIMITS } from "./cache-ladder.ts";
import { allowedUsdPerHour } from "./cache-pace.ts";
import { isAtTheLimit, prescaledUnits } from "./cache-prescaling.ts";
import { NOTHING_OBSERVED, type ObservedUse } from "./cache-use.ts";
import { type CalendarMonth, LONGEST_MONTH_HOURS } from "./calendar-month.ts";

/** What the owner of the template allows: limits go no higher, the minimum no lower, the month costs no more. */
export interface CacheBounds extends CacheLimits {
  readonly monthlyUsd: number;
}

export interface CacheInForce extends CacheLimits {
  /** Storage that is kept and billed, GB; 0: none. Nobody here sets one. */
  readonly minGb: number;
}

export interface CacheSituation {
  readonly bounds: CacheBounds;
  readonly inForce: CacheInForce;
  readonly use: ObservedUse;
  readonly prices: CachePrices;
  readonly month: CalendarMonth;
  /** Until the next decision. */
  readonly everyHours: number;
}

export interface CacheDecision {
  readonly limits: CacheLimits;
  /** Whether that differs from what is in force by enough to be worth a change. */
  readonly changes: boolean;
  /** What an hour may cost until the month ends, USD. */
  readonly allowedUsdPerHour: number;
  /** False: even the least limits that the service takes could cost more than is left. */
  readonly holdsBound: boolean;
  /** What the month will have cost if it goes on like the last day, USD. */
  readonly forecastUsd: number;
  /** For the reader of the log. */
  readonly reasons: readonly string[];
}

/** The busiest minute shall fit, with room for the seconds in it that were busier; and twice what is usual. */
const ROOM_OVER_PEAK = 1.25;
const ROOM_OVER_USUAL = 2;
/** Demand that met its limit is at least that; how much more shows only when there is room. */
const ROOM_AT_THE_LIMIT = 2;
/** Raises that are smaller wait: each change takes the service up to an hour. */
const LEAST_RAISE = 0.25;

export function decideCacheLimits(situation: CacheSituation): CacheDecision {
  const { bounds, inForce, use, prices, month, everyHours } = situation;
  const worstInForce = worstUsdPerHour(
    {
      maxGb: Math.min(inForce.maxGb, bounds.maxGb),
      maxUnitsPerSecond: Math.min(inForce.maxUnitsPerSecond, bounds.maxUnitsPerSecond),
    },
    prices,
  );
  const { monthlyUsd } = bounds;
  const allowed = allowedUsdPerHour({
    monthlyUsd,
    spentUsd: use.spentUsd,
    month,
    everyHours,
    worstUsdPerHour: worstInForce,
  });
  const maxima = highestLimits(allowed, neededLimits(use, inForce), bounds, prices);
  const prescaling = { use, inForce, plannedMin: bounds.minUnitsPerSecond, allowedUsdPerHour: allowed, prices };
  const minUnitsPerSecond = prescaledUnits({ ...prescaling, maxUnitsPerSecond: maxima.maxUnitsPerSecond });
  const target: CacheLimits = { ...maxima, minUnitsPerSecond };
  const reasons = reasonsFor(situation, target, allowed);
  const settled = { ...target, ...(reasons.length === 0 && inForceOf(inForce)) };
  return {
    limits: settled,
    changes: reasons.length > 0,
    allowedUsdPerHour: allowed,
    holdsBound: isWithin(worstUsdPerHour(LEAST_LIMITS, prices), allowed),
    forecastUsd: use.spentUsd + month.hoursLeft * use.usdPerHour,
    reasons,
  };
}

/** What a template starts with: nothing was observed, and the month may be a long one. */
export function firstCacheLimits(bounds: CacheBounds, prices: CachePrices): CacheLimits {
  const needed = neededLimits(NOTHING_OBSERVED, { ...LEAST_LIMITS, minUnitsPerSecond: 0 });
  const maxima = highestLimits(bounds.monthlyUsd / LONGEST_MONTH_HOURS, needed, bounds, prices);
  return { ...maxima, minUnitsPerSecond: Math.min(bounds.minUnitsPerSecond, maxima.maxUnitsPerSecond) };
}

function neededLimits(use: ObservedUse, inForce: CacheLimits): CacheMaxima {
  const units = Math.max(
    ROOM_OVER_PEAK * use.peakUnitsPerSecond,
    ROOM_OVER_USUAL * use.usualUnitsPerSecond,
    isAtTheLimit(use, inForce) ? ROOM_AT_THE_LIMIT * inForce.maxUnitsPerSecond : 0,
  );
  return {
    maxGb: Math.max(LEAST_LIMITS.maxGb, Math.ceil(ROOM_OVER_PEAK * (use.peakGb + use.growthGb))),
    maxUnitsPerSecond: Math.max(LEAST_LIMITS.maxUnitsPerSecond, Math.ceil(units)),
  };
}

const inForceOf = ({ maxGb, maxUnitsPerSecond, minUnitsPerSecond }: CacheInForce): CacheLimits => ({
  maxGb,
  maxUnitsPerSecond,
  minUnitsPerSecond,
});

/** Money in floating point: less than a millionth is no difference. */
const isWithin = (usd: number, most: number): boolean => usd <= most * (1 + 1e-6);

/** Why the target should replace what is in force; none: what is in force stays, though the target may differ a little. */
function reasonsFor({ inForce, bounds, prices }: CacheSituation, target: CacheLimits, allowed: number): string[] {
  const reasons: string[] = [];
  const say = (condition: boolean, reason: string): void => {
    if (condition) reasons.push(reason);
  };
  const same = target.maxGb === inForce.maxGb && target.maxUnitsPerSecond === inForce.maxUnitsPerSecond;
  const worst = worstUsdPerHour(inForce, prices);
  say(
    inForce.maxGb > bounds.maxGb || inForce.maxUnitsPerSecond > bounds.maxUnitsPerSecond,
    `the limits in force are above the bounds of ${bounds.maxGb} GB and ${bounds.maxUnitsPerSecond} units a second`,
  );
  say(
    !same && !isWithin(worst, allowed),
    `at the limits in force an hour may cost ${usd(worst)}, and the rest of the month allows ${usd(allowed)}`,
  );
  say(
    target.maxUnitsPerSecond >= inForce.maxUnitsPerSecond * (1 + LEAST_RAISE),
    `${usd(allowed)} an hour allow ${target.maxUnitsPerSecond} units a second`,
  );
  say(target.maxGb > inForce.maxGb, `${usd(allowed)} an hour allow ${target.maxGb} GB`);
  const [ready, readyNow] = [target.minUnitsPerSecond, inForce.minUnitsPerSecond];
  say(
    ready > readyNow * (1 + LEAST_RAISE),
    `commands were turned away below the limit, or the plan says so: ${ready} units a second are kept ready`,
  );
  say(ready < readyNow, `${readyNow} units a second were kept ready, and ${ready} will do`);
  say(inForce.minGb > 0, `${inForce.minGb} GB are billed whether they are used or not, and no plan says so`);
  return reasons;
}

const usd = (amount: number): string => `${amount.toFixed(4)} USD`;
