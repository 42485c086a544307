/** What a cache was used for, as its limits are decided by: from measurements by the hour and by the minute. */
import { type CachePrices, MILLIS_PER_HOUR, usedUsd } from "./cache-cost.ts";

/** Of one hour (its start in milliseconds since the epoch); undefined where nothing was measured. */
export interface MeasuredHour {
  readonly startMillis: number;
  readonly averageGb?: number | undefined;
  readonly peakGb?: number | undefined;
  readonly units?: number | undefined;
  /** Minimum that was in force. */
  readonly minUnitsPerSecond?: number | undefined;
}

/** Of one minute in which something was asked. */
export interface MeasuredMinute {
  readonly units: number;
  /** Commands that were turned away. */
  readonly throttled: number;
}

export interface CacheMeasurements {
  /** Since the month began, and of the last two days at least; oldest first. */
  readonly hours: readonly MeasuredHour[];
  /** Of the last two days. */
  readonly minutes: readonly MeasuredMinute[];
}

export interface ObservedUse {
  /** Most that was stored in the last two days, GB. */
  readonly peakGb: number;
  /** By how much the stored peak of the last day is above the day's before, GB; 0 where it fell. */
  readonly growthGb: number;
  /** Units a second in the busiest minute. */
  readonly peakUnitsPerSecond: number;
  /** Units a second that 99 % of the minutes did not exceed. */
  readonly usualUnitsPerSecond: number;
  /** Minutes in which commands were turned away. */
  readonly throttledMinutes: number;
  /** Since the month began, USD. */
  readonly spentUsd: number;
  /** What the last day cost by the hour, USD. */
  readonly usdPerHour: number;
}

export const NOTHING_OBSERVED: ObservedUse = {
  peakGb: 0,
  growthGb: 0,
  peakUnitsPerSecond: 0,
  usualUnitsPerSecond: 0,
  throttledMinutes: 0,
  spentUsd: 0,
  usdPerHour: 0,
};

const HOURS_PER_DAY = 24;

/** `minUnitsPerSecond`: of the hours of which nobody noted it. Hours that nobody measured are billed at the least. */
export function observeUse(
  { hours, minutes }: CacheMeasurements,
  now: { readonly millis: number; readonly monthStartMillis: number; readonly minUnitsPerSecond: number },
  prices: CachePrices,
): ObservedUse {
  const byStart = new Map(hours.map((hour) => [hour.startMillis, hour]));
  const usd = (fromMillis: number): number => {
    let sum = 0;
    for (let start = fromMillis; start < now.millis; start += MILLIS_PER_HOUR) {
      const hour = byStart.get(start);
      // The hour that runs is billed as far as it has come; its units are those so far.
      const share = Math.min(1, (now.millis - start) / MILLIS_PER_HOUR);
      const use = {
        storedGb: hour?.averageGb ?? 0,
        units: (hour?.units ?? 0) / share,
        minUnitsPerSecond: hour?.minUnitsPerSecond ?? now.minUnitsPerSecond,
      };
      sum += share * usedUsd(use, prices);
    }
    return sum;
  };
  const thisHour = now.millis - (now.millis % MILLIS_PER_HOUR);
  const dayAgo = thisHour - (HOURS_PER_DAY - 1) * MILLIS_PER_HOUR;
  const twoDaysAgo = dayAgo - HOURS_PER_DAY * MILLIS_PER_HOUR;
  const peakBetween = (from: number, to: number): number =>
    hours.reduce(
      (peak, { startMillis, peakGb = 0 }) => (startMillis >= from && startMillis < to ? Math.max(peak, peakGb) : peak),
      0,
    );
  const [before, lately] = [peakBetween(twoDaysAgo, dayAgo), peakBetween(dayAgo, now.millis)];
  const rates = minutes.map(({ units }) => units / 60).sort((a, b) => a - b);
  return {
    peakGb: Math.max(before, lately),
    // A cache that was empty before has not grown, it has begun.
    growthGb: before === 0 ? 0 : Math.max(0, lately - before),
    peakUnitsPerSecond: rates.at(-1) ?? 0,
    usualUnitsPerSecond: rates[Math.ceil(rates.length * 0.99) - 1] ?? 0,
    throttledMinutes: minutes.filter(({ throttled }) => throttled > 0).length,
    spentUsd: usd(now.monthStartMillis),
    usdPerHour: usd(dayAgo) / ((now.millis - dayAgo) / MILLIS_PER_HOUR),
  };
}
