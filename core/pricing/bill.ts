/**
 * Revenue, cost and margin of each tenant and model: what usage lines say was charged, beside what AWS bills for it
 * (cost/hourly-cost.ts), over any number of hours.
 */
import type { UsageLine } from "../metering/usage-line.ts";
import { type CostShare, together } from "./cost/hourly-cost.ts";
import { picodollarsOf } from "./picodollars.ts";

export interface BillRow {
  /** Empty, like `model`: costs of hours in which nobody asked. */
  readonly tenant: string;
  readonly model: string;
  readonly requests: number;
  readonly failed: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly revenuePicodollars: bigint;
  readonly costPicodollars: bigint;
  /** Revenue less cost. */
  readonly marginPicodollars: bigint;
}

/** Dearest first. The sums of all rows are the sums of the lines and of the shares, to the last picodollar. */
export function billRows(lines: readonly UsageLine[], shares: readonly CostShare[]): readonly BillRow[] {
  const rows = new Map<string, Mutable<Omit<BillRow, "marginPicodollars">>>();
  const rowOf = (tenant: string, model: string) => {
    const key = JSON.stringify([tenant, model]);
    let row = rows.get(key);
    if (row === undefined) {
      row = { tenant, model, ...NOTHING };
      rows.set(key, row);
    }
    return row;
  };
  for (const line of lines) {
    const row = rowOf(line.tenant, line.version === "" ? "" : line.model);
    row.requests += 1;
    row.failed += line.error === undefined ? 0 : 1;
    row.inputTokens += line.inputTokens;
    row.outputTokens += line.outputTokens;
    row.revenuePicodollars += picodollarsOf(line.priceUsd);
  }
  for (const share of together(shares)) rowOf(share.tenant, share.model).costPicodollars += share.picodollars;
  return [...rows.values()]
    .map((row) => ({ ...row, marginPicodollars: row.revenuePicodollars - row.costPicodollars }))
    .sort(
      (a, b) =>
        Number(b.costPicodollars - a.costPicodollars) ||
        a.tenant.localeCompare(b.tenant) ||
        a.model.localeCompare(b.model),
    );
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

const NOTHING = {
  requests: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  revenuePicodollars: 0n,
  costPicodollars: 0n,
};
