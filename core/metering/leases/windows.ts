/** Days and months of UTC by name: `2026-11-24`, `2026-11`. Names sort as time does. */
import type { Terms } from "../../tenants/terms.ts";

const DAY_MILLIS = 86_400_000;

export const dayOf = (epochMillis: number): string => new Date(epochMillis).toISOString().slice(0, 10);
export const monthOf = (day: string): string => day.slice(0, 7);

/** Every window that a charge of this day counts in. */
export const windowsOf = (day: string): readonly string[] => [day, monthOf(day)];

export const endOfDay = (day: string): number => Date.parse(day) + DAY_MILLIS;

export function endOfMonth(day: string): number {
  const [year, month] = day.split("-").map(Number) as [number, number];
  return Date.UTC(year, month, 1);
}

export interface BudgetWindow {
  readonly period: "daily" | "monthly";
  readonly window: string;
  readonly picodollars: bigint;
  readonly endsAtMillis: number;
}

/** The budgets of one kind that a charge of this day counts against. */
export function budgetWindows({ budgets }: Terms, day: string, enforcement: "hard" | "soft"): readonly BudgetWindow[] {
  const windows: BudgetWindow[] = [];
  const { daily, monthly } = budgets;
  if (daily?.enforcement === enforcement) {
    windows.push({ period: "daily", window: day, picodollars: daily.picodollars, endsAtMillis: endOfDay(day) });
  }
  if (monthly?.enforcement === enforcement) {
    const window = monthOf(day);
    windows.push({ period: "monthly", window, picodollars: monthly.picodollars, endsAtMillis: endOfMonth(day) });
  }
  return windows;
}
