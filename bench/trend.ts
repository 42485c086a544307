/** Whether a figure that was taken again and again rises: the median of the slopes between every two of them (Theil and Sen). */
import { median } from "./measurement.ts";

export interface Trend {
  /** Of one step. */
  readonly slope: number;
  /** Where the slope lies with 95 % confidence, by Kendall's statistic (P. K. Sen, JASA 63, 1968). */
  readonly low: number;
  readonly high: number;
}

const NORMAL_97_5 = 1.96;

/** Few outliers move nothing: a garbage collection that comes late is one. Throws RangeError for less than 6 values. */
export function trendOf(values: readonly number[]): Trend {
  const count = values.length;
  // With fewer, the interval would be wider than all slopes that there are.
  if (count < 6) throw new RangeError(`a trend needs 6 values, not ${count}`);
  const slopes = values
    .flatMap((value, at) => values.slice(at + 1).map((later, steps) => (later - value) / (steps + 1)))
    .sort((a, b) => a - b);
  const half = NORMAL_97_5 * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  const at = (place: number) => slopes[Math.min(slopes.length - 1, Math.max(0, place))] as number;
  return {
    slope: median(slopes),
    low: at(Math.round((slopes.length - half) / 2)),
    high: at(Math.round((slopes.length + half) / 2)),
  };
}
