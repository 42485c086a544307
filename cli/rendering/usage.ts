import type { UsageCounts } from "../../core/metering/usage-counts.ts";
import { type UsageGroup, type UsageRow, usageTotal } from "../../core/metering/usage-report.ts";
import { usdText } from "../../core/tenants/usd-amount.ts";
import { table } from "./table.ts";

const HEAD = ["requests", "errors", "cache hits", "tokens in", "tokens out", "price in USD", "own cost"];

const cells = (counts: UsageCounts): readonly string[] => [
  String(counts.requests),
  String(counts.errors),
  String(counts.cacheHits),
  String(counts.inputTokens),
  String(counts.outputTokens),
  usdText(counts.pricePicodollars),
  usdText(counts.costPicodollars),
];

export function usageTable(groups: readonly UsageGroup[], rows: readonly UsageRow[]): readonly string[] {
  const total =
    groups.length === 0
      ? []
      : [[...groups.map((_, index) => (index === 0 ? "together" : "")), ...cells(usageTotal(rows))]];
  return table([
    [...groups, ...HEAD],
    ...rows.map((row) => [...groups.map((group) => row[group] || "-"), ...cells(row)]),
    ...total,
  ]);
}
