/** A bill as tables for a person, as CSV for a spreadsheet, as JSON for a program. Money in exact decimals of USD. */
import type { BillRow } from "../../core/pricing/bill.ts";
import { COMPONENTS } from "../../core/pricing/cost/components.ts";
import type { CostItem } from "../../core/pricing/cost/hourly-cost.ts";
import type { Bill } from "../bill/compute-bill.ts";
import { table } from "./table.ts";

const DIGITS = 12;
const SHOWN_DIGITS = 6;

/** `0.0000015`: every picodollar. */
export function exactUsd(picodollars: bigint): string {
  const sign = picodollars < 0n ? "-" : "";
  const digits = (picodollars < 0n ? -picodollars : picodollars).toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  return `${sign}${digits.slice(0, -DIGITS)}${fraction === "" ? "" : `.${fraction}`}`;
}

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
        csvField(row.tenant),
        csvField(row.model),
        ...counts(row),
        exactUsd(row.revenuePicodollars),
        exactUsd(row.costPicodollars),
        exactUsd(row.marginPicodollars),
      ].join(","),
    ),
  ];
}

/** https://www.rfc-editor.org/rfc/rfc4180; what a spreadsheet would run as a formula gets a quote in front. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
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
      revenueUsd: exactUsd(row.revenuePicodollars),
      costUsd: exactUsd(row.costPicodollars),
      marginUsd: exactUsd(row.marginPicodollars),
    })),
    components: Object.fromEntries(componentSums(shares).map(([name, picodollars]) => [name, exactUsd(picodollars)])),
    items: items.map(({ component, item, quantity, unit, picodollars }) => ({
      ...{ component, item, quantity, unit },
      usd: exactUsd(picodollars),
    })),
    shares: shares.map(({ component, tenant, model, picodollars }) => ({
      ...{ component, tenant, model },
      usd: exactUsd(picodollars),
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
