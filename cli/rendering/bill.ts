/** A bill as tables for a person, as CSV for a spreadsheet, as JSON for a program. Money in exact decimals of USD. */

import { csvCell } from "../../core/metering/csv-cell.ts";
import type { BillRow } from "../../core/pricing/bill.ts";
import { COMPONENTS } from "../../core/pricing/cost/components.ts";
import type { CostItem } from "../../core/pricing/cost/hourly-cost.ts";
import { usdText } from "../../core/tenants/usd-amount.ts";
import type { Bill } from "../bill/compute-bill.ts";
import { table } from "./table.ts";

const DIGITS = 12;
const SHOWN_DIGITS = 6;

const shownUsd = (picodollars: bigint): string => (Number(picodollars) / 10 ** DIGITS).toFixed(SHOWN_DIGITS);

/** Of the revenue; without revenue there is none. */
const shareText = ({ revenuePicodollars, marginPicodollars }: Money): string =>
  revenuePicodollars === 0n ? "" : `${((Number(marginPicodollars) / Number(revenuePicodollars)) * 100).toFixed(1)} %`;

type Money = Pick<BillRow, "revenuePicodollars" | "costPicodollars" | "marginPicodollars">;

export function billLines({ rows, shares, items }: Pick<Bill, "rows" | "shares" | "items">): readonly string[] {
  const money = (row: Money) => [
    shownUsd(row.revenuePicodollars),
    shownUsd(row.costPicodollars),
    shownUsd(row.marginPicodollars),
    shareText(row),
  ];
  const all = totalOf(rows);
  const byTenant = table([
    ["TENANT", "MODEL", "REQUESTS", "FAILED", "TOKENS IN", "TOKENS OUT", "REVENUE", "COST", "MARGIN", "OF REVENUE"],
    ...rows.map((row) => [row.tenant || "(nobody)", row.model || "(none)", ...counts(row), ...money(row)]),
    ["together", "", ...counts(all), ...money(all)],
  ]);
  const sums = new Map<string, bigint>(componentSums(shares));
  const byComponent = table([
    ["COST OF", "", "QUANTITY", "", "USD"],
    ...Object.keys(COMPONENTS).flatMap((name) => itemLines(name, items, sums.get(name) ?? 0n)),
  ]);
  return [...byTenant, "", ...byComponent];
}

/** A component that nothing was billed for is a line all the same: nothing is left out in silence. */
function itemLines(component: string, items: readonly CostItem[], sum: bigint): readonly (readonly string[])[] {
  const own = items.filter((item) => item.component === component);
  if (own.length === 0) return [[component, "", "", "", shownUsd(sum)]];
  return own.map(({ item, quantity, unit, picodollars }) => [
    ...[component, item, shownQuantity(quantity), unit, shownUsd(picodollars)],
  ]);
}

const shownQuantity = (quantity: number): string =>
  Number.isInteger(quantity) ? String(quantity) : quantity.toPrecision(4);

const counts = ({ requests, failed, inputTokens, outputTokens }: BillRow): readonly string[] =>
  [requests, failed, inputTokens, outputTokens].map(String);

export function billCsv(rows: readonly BillRow[]): readonly string[] {
  const head = "tenant,model,requests,failed,input_tokens,output_tokens,revenue_usd,cost_usd,margin_usd";
  return [
    head,
    ...rows.map((row) =>
      [
        csvCell(row.tenant),
        csvCell(row.model),
        ...counts(row),
        usdText(row.revenuePicodollars),
        usdText(row.costPicodollars),
        usdText(row.marginPicodollars),
      ].join(","),
    ),
  ];
}

export function billJson({ period, rows, shares, items, gaps }: Bill): string {
  return JSON.stringify({
    from: new Date(period.from).toISOString(),
    to: new Date(period.to).toISOString(),
    rows: rows.map((row) => ({
      tenant: row.tenant,
      model: row.model,
      requests: row.requests,
      failed: row.failed,
      inputTokens: row.inputTokens,
      outputTokens: row.outputTokens,
      revenueUsd: usdText(row.revenuePicodollars),
      costUsd: usdText(row.costPicodollars),
      marginUsd: usdText(row.marginPicodollars),
    })),
    components: Object.fromEntries(componentSums(shares).map(([name, picodollars]) => [name, usdText(picodollars)])),
    items: items.map(({ component, item, quantity, unit, picodollars }) => ({
      ...{ component, item, quantity, unit },
      usd: usdText(picodollars),
    })),
    shares: shares.map(({ component, tenant, model, picodollars }) => ({
      ...{ component, tenant, model },
      usd: usdText(picodollars),
    })),
    gaps,
  });
}

/** Dearest first. */
function componentSums(shares: Bill["shares"]): readonly (readonly [string, bigint])[] {
  const sums = new Map<string, bigint>();
  for (const { component, picodollars } of shares) sums.set(component, (sums.get(component) ?? 0n) + picodollars);
  return [...sums].sort(([, a], [, b]) => Number(b - a));
}

const totalOf = (rows: readonly BillRow[]): BillRow =>
  rows.reduce(
    (sum, row) => ({
      ...sum,
      requests: sum.requests + row.requests,
      failed: sum.failed + row.failed,
      inputTokens: sum.inputTokens + row.inputTokens,
      outputTokens: sum.outputTokens + row.outputTokens,
      revenuePicodollars: sum.revenuePicodollars + row.revenuePicodollars,
      costPicodollars: sum.costPicodollars + row.costPicodollars,
      marginPicodollars: sum.marginPicodollars + row.marginPicodollars,
    }),
    {
      ...{ tenant: "", model: "", requests: 0, failed: 0, inputTokens: 0, outputTokens: 0 },
      ...{ revenuePicodollars: 0n, costPicodollars: 0n, marginPicodollars: 0n },
    },
  );
