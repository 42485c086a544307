/** What an account may still give out. */
import type { Terms } from "../../tenants/terms.ts";
import { type Account, type Commitments, committed } from "./account.ts";
import { type BudgetWindow, budgetWindows, windowsOf } from "./windows.ts";

export interface FreeMoney {
  /** Undefined: no hard budget is set. */
  readonly picodollars: bigint | undefined;
  /** The budget that leaves least. */
  readonly budget: BudgetWindow | undefined;
}

/** For charges of that day, under every hard budget. */
export function freeMoney(account: Commitments & Pick<Account, "allotted">, terms: Terms, day: string): FreeMoney {
  let free: bigint | undefined;
  let tight: BudgetWindow | undefined;
  for (const budget of hardBudgets(account, terms, day)) {
    const left = budget.picodollars - committed(account, budget.window);
    if (free !== undefined && left >= free) continue;
    free = left > 0n ? left : 0n;
    tight = budget;
  }
  return { picodollars: free, budget: tight };
}

/** A shard has what it was allotted, and answers for nothing else. */
function hardBudgets({ allotted }: Pick<Account, "allotted">, terms: Terms, day: string): readonly BudgetWindow[] {
  const budgets = budgetWindows(terms, day, "hard");
  const [first] = budgets;
  if (allotted === undefined || first === undefined) return budgets;
  return [{ ...first, window: day, picodollars: allotted[day] ?? 0n }];
}

export const later = (a: string, b: string): string => (a > b ? a : b);

/** Windows that still matter: the current ones, and those that leases and shards count in. */
export function keptWindows(
  charged: Readonly<Record<string, bigint>>,
  day: string,
  { leases, shards, allotted }: Pick<Account, "leases" | "shards" | "allotted">,
): Record<string, bigint> {
  const days = [
    day,
    ...Object.values(leases).map((entry) => entry.day),
    ...Object.values(shards).flatMap(Object.keys),
    ...Object.keys(allotted ?? {}),
  ];
  const windows = new Set(days.flatMap(windowsOf));
  return Object.fromEntries(Object.entries(charged).filter(([window]) => windows.has(window)));
}
