import type { UsageLine } from "../../core/metering/usage-line.ts";
import { type BillRow, billRows } from "../../core/pricing/bill.ts";
import type { DeploymentFacts } from "../../core/pricing/cost/billed-hour.ts";
import {
  type CostItem,
  type CostShare,
  hourlyCost,
  together,
  togetherByItem,
} from "../../core/pricing/cost/hourly-cost.ts";
import type { PriceBook } from "../../core/pricing/price-book.ts";
import type { BillingSource } from "./billing-source.ts";
import type { MeasureSource } from "./measure-source.ts";
import { hoursOf, type Period, shareOfHour } from "./period.ts";

export interface Bill {
  readonly period: Period;
  readonly rows: readonly BillRow[];
  readonly shares: readonly CostShare[];
  /** What was billed, with its quantities, in the order of the components. */
  readonly items: readonly CostItem[];
  /** What is missing in it, in words for a person. */
  readonly gaps: readonly string[];
}

export interface BillParts {
  readonly source: BillingSource;
  readonly measures: MeasureSource;
  readonly deployment: DeploymentFacts;
  /** Milliseconds since the epoch from which on it costs anything while nobody asks. */
  readonly deployedSince: number;
  readonly book: PriceBook;
  readonly period: Period;
  /** Told before each hour. */
  readonly onHour: (hour: Period) => void;
}

export async function computeBill({
  source,
  measures,
  deployment,
  deployedSince,
  book,
  period,
  onHour,
}: BillParts): Promise<Bill> {
  const lines: UsageLine[] = [];
  let shares: readonly CostShare[] = [];
  let items: readonly CostItem[] = [];
  let unreadable = 0;
  const unknown = new Set<string>();
  const hours = hoursOf(period);
  const measured = await measures.read(hours, deployedSince);
  for (const [index, hour] of hours.entries()) {
    onHour(hour);
    const recorded = await source.read(hour.from, hour.to);
    const idleUsdPerMonth =
      deployment.idleUsdPerMonth * shareOfHour({ from: Math.max(hour.from, deployedSince), to: hour.to });
    const cost = hourlyCost(
      {
        lines: recorded.lines,
        reports: recorded.reports,
        deployment: { ...deployment, idleUsdPerMonth },
        measured: measured.measures[index] ?? {},
      },
      book,
    );
    lines.push(...recorded.lines);
    shares = together([...shares, ...cost.shares]);
    items = togetherByItem([...items, ...cost.items]);
    unreadable += recorded.unreadable;
    for (const name of cost.unknownDeployments) unknown.add(name);
  }
  const gaps = [
    ...measured.gaps,
    ...(unreadable === 0 ? [] : [`${unreadable} damaged usage lines`]),
    ...(unknown.size === 0 ? [] : [`compute of deployments that are gone: ${[...unknown].sort().join(", ")}`]),
  ];
  return { period, rows: billRows(lines, shares), shares, items, gaps };
}
