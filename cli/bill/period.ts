/** The time that a bill is for. Times are UTC: a day, `2026-11-24`, or a moment, `2026-11-24T08:00Z`. */
const HOUR_MILLIS = 3_600_000;
const DAY_MILLIS = 24 * HOUR_MILLIS;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z)?$/;

export interface Period {
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** The first millisecond that is not part of it. */
  readonly to: number;
}

/** Undefined when the text is no time. */
export function timeOf(text: string): number | undefined {
  const millis = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}

/** Without a beginning: the day before the end. Without an end: until now. Throws an Error for an empty one. */
export function periodOf(now: number, from: number | undefined, to: number = now): Period {
  const period = { from: from ?? to - DAY_MILLIS, to: Math.min(to, now) };
  if (period.from < period.to) return period;
  throw new Error(
    `a bill from ${new Date(period.from).toISOString()} to ${new Date(period.to).toISOString()} is for no time at all: --from must be before --to and before now`,
  );
}

/** Costs are attributed by the hour: the period cut at full hours. */
export function hoursOf({ from, to }: Period): readonly Period[] {
  const hours: Period[] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / HOUR_MILLIS) + 1) * HOUR_MILLIS);
    hours.push({ from: start, to: end });
    start = end;
  }
  return hours;
}

/** 0 for a period that ends before it begins. */
export const shareOfHour = ({ from, to }: Period): number => Math.max(0, to - from) / HOUR_MILLIS;
