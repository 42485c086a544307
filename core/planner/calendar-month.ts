/** The calendar month (UTC) by which AWS bills, around a moment. */
export interface CalendarMonth {
  readonly startMillis: number;
  readonly hoursLeft: number;
  /** Of the month that follows. */
  readonly nextHours: number;
}

import { MILLIS_PER_HOUR } from "./cache-cost.ts";

export function calendarMonth(nowMillis: number): CalendarMonth {
  const now = new Date(nowMillis);
  const first = (offset: number): number => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + offset, 1);
  return {
    startMillis: first(0),
    hoursLeft: (first(1) - nowMillis) / MILLIS_PER_HOUR,
    nextHours: (first(2) - first(1)) / MILLIS_PER_HOUR,
  };
}

/** Of the longest month. */
export const LONGEST_MONTH_HOURS = 31 * 24;
