/**
 * How much an hour may cost for the rest of the month. What is left of the bound, spread evenly over the hours that are left, from
 * the moment up to which the spending is known:
 *
 *     steady = (bound − spent) ÷ (hours left + unknown)
 *
 * Limits whose worst hour costs no more than that hold the bound by themselves, also if nobody ever looks at them again; and
 * whatever is asked of the cache meanwhile, they are still allowed at the next look. Where the limits in force may cost more
 * than that, they do so until lower ones are in force, and the hours after that have the rest:
 *
 *     allowed = (bound − spent − (late + unknown) × worst hour in force) ÷ (hours left − late)
 *
 * Limits that will still be in force when the next month begins must fit that one too: bound ÷ its hours.
 */
import type { CalendarMonth } from "./calendar-month.ts";

/** A changed limit is in force within an hour. https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Scaling.html */
const LATE_HOURS = 1;
/** What CloudWatch does not show yet. */
const UNKNOWN_HOURS = 0.25;

export interface Pace {
  readonly monthlyUsd: number;
  readonly spentUsd: number;
  readonly month: Pick<CalendarMonth, "hoursLeft" | "nextHours">;
  /** Until the next decision. */
  readonly everyHours: number;
  /** Of an hour at the limits in force, USD. */
  readonly worstUsdPerHour: number;
}

/** USD, 0 or more. */
export function allowedUsdPerHour({ monthlyUsd, spentUsd, month, everyHours, worstUsdPerHour }: Pace): number {
  const { hoursLeft, nextHours } = month;
  const leftUsd = monthlyUsd - spentUsd;
  const steady = leftUsd / (hoursLeft + UNKNOWN_HOURS);
  // In the month's last hour nothing can be changed any more that this month is billed.
  const afterwards =
    hoursLeft > LATE_HOURS
      ? (leftUsd - (LATE_HOURS + UNKNOWN_HOURS) * worstUsdPerHour) / (hoursLeft - LATE_HOURS)
      : Number.POSITIVE_INFINITY;
  const thisMonth = steady >= worstUsdPerHour ? steady : afterwards;
  const nextMonth = hoursLeft <= everyHours + LATE_HOURS ? monthlyUsd / nextHours : Number.POSITIVE_INFINITY;
  return Math.max(0, Math.min(thisMonth, nextMonth));
}
