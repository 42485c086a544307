/** Usage for a bill, as a spreadsheet reads it: https://www.rfc-editor.org/rfc/rfc4180. Amounts in USD, exact to the picodollar. */
import { usdText } from "../tenants/usd-amount.ts";
import { csvCell } from "./csv-cell.ts";
import type { UsageRow } from "./usage-report.ts";

const COLUMNS: readonly (readonly [name: string, value: (row: UsageRow, tenant: string) => string])[] = [
  ["tenant", (_, tenant) => tenant],
  ["day", (row) => row.day ?? ""],
  ["model", (row) => row.model ?? ""],
  ["key", (row) => row.key ?? ""],
  ["requests", (row) => String(row.requests)],
  ["errors", (row) => String(row.errors)],
  ["cache_hits", (row) => String(row.cacheHits)],
  ["input_tokens", (row) => String(row.inputTokens)],
  ["output_tokens", (row) => String(row.outputTokens)],
  ["price_usd", (row) => usdText(row.pricePicodollars)],
  ["own_cost_usd", (row) => usdText(row.costPicodollars)],
];

/** Lines without line ends, the head first. */
export const usageCsv = (tenant: string, rows: readonly UsageRow[]): readonly string[] => [
  COLUMNS.map(([name]) => name).join(","),
  ...rows.map((row) => COLUMNS.map(([, value]) => csvCell(value(row, tenant))).join(",")),
];
