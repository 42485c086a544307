/** The table at the end of a synthesis: what the environment costs in a month in which nobody calls. */
import { type IdleCost, idleCost, type Template } from "../core/pricing/deployment-cost.ts";
import type { PriceBook } from "../core/pricing/price-book.ts";

export function idleCostTable(environment: string, templates: readonly Template[], book: PriceBook): string {
  const cost = idleCost(templates, book);
  const rows = cost.lines.map(({ item, quantity, unit, usdPerUnit, usd }) => [
    item,
    `${quantity} ${unit} × ${usdPerUnit} USD`,
    usd.toFixed(2),
  ]);
  const all = [...rows, ["together", "", cost.usdPerMonth.toFixed(2)]];
  const width = (column: number) => Math.max(...all.map((row) => (row[column] ?? "").length));
  const text = all.map(([item = "", sum = "", usd = ""]) =>
    `  ${item.padEnd(width(0))}  ${sum.padEnd(width(1))}  ${usd.padStart(width(2))}`.trimEnd(),
  );
  return [
    `${environment} costs, idle, per month in USD (prices of ${book.region}, ${book.compiled}):`,
    ...text,
    ...missing(cost),
    "",
  ].join("\n");
}

function missing({ unknownTypes }: IdleCost): string[] {
  if (unknownTypes.length === 0) return [];
  return [`  not in this sum, because core/pricing/idle-prices.ts has no price for it: ${unknownTypes.join(", ")}`];
}
