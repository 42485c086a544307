/**
 * What AWS bills for one hour of an environment, and who caused it: list prices, no free tier, no discount, no taxes.
 * Every picodollar of every item is somebody's, so the sums over tenants, models and components are the same to the last
 * digit. It is computed afterwards and never changes what a tenant is charged.
 */
import type { PriceBook } from "../price-book.ts";
import type { BilledHour } from "./billed-hour.ts";
import type { Charge, ComponentName } from "./component.ts";
import { COMPONENTS } from "./components.ts";
import { splitExactly } from "./exact.ts";

export interface HourlyCost {
  readonly items: readonly CostItem[];
  readonly shares: readonly CostShare[];
  /** Deployments of usage lines whose memory nobody knows: their compute is missing. */
  readonly unknownDeployments: readonly string[];
}

export interface CostItem extends Omit<Charge, "weights"> {
  readonly component: ComponentName;
}

export interface CostShare {
  readonly component: ComponentName;
  /** Empty, like `model`: an hour in which nobody asked. */
  readonly tenant: string;
  /** Empty: a request that named no model that there is. */
  readonly model: string;
  readonly picodollars: bigint;
}

/** Throws a RangeError for what the price book has no price for. */
export function hourlyCost(hour: BilledHour, book: PriceBook): HourlyCost {
  const callers = callersOf(hour);
  const items: CostItem[] = [];
  const shares: CostShare[] = [];
  for (const [name, component] of Object.entries(COMPONENTS)) {
    for (const { weights, ...charge } of component(hour, book)) {
      items.push({ component: name as ComponentName, ...charge });
      shares.push(...sharesOf(name as ComponentName, charge.picodollars, weights, callers));
    }
  }
  const known = hour.deployment.functions;
  const unknown = new Set(hour.lines.map(({ deployment }) => deployment).filter((name) => known[name] === undefined));
  return { items, shares: together(shares), unknownDeployments: [...unknown].sort() };
}

interface Caller {
  readonly tenant: string;
  readonly model: string;
  /** Positions of its usage lines. */
  readonly lines: readonly number[];
}

function callersOf({ lines }: BilledHour): readonly Caller[] {
  const callers = new Map<string, { tenant: string; model: string; lines: number[] }>();
  for (const [index, { tenant, version, model }] of lines.entries()) {
    // Only models that exist have a version: names that callers make up are no rows of a bill.
    const existing = version === "" ? "" : model;
    const key = JSON.stringify([tenant, existing]);
    const caller = callers.get(key) ?? { tenant, model: existing, lines: [] };
    caller.lines.push(index);
    callers.set(key, caller);
  }
  return [...callers.values()];
}

function sharesOf(
  component: ComponentName,
  picodollars: bigint,
  weights: readonly number[] | undefined,
  callers: readonly Caller[],
): readonly CostShare[] {
  if (callers.length === 0) return [{ component, tenant: "", model: "", picodollars }];
  const used = weights?.some((weight) => weight > 0) ? weights : undefined;
  const parts = splitExactly(
    picodollars,
    callers.map(({ lines }) =>
      used === undefined ? BigInt(lines.length) : lines.reduce((sum, line) => sum + BigInt(used[line] as number), 0n),
    ),
  );
  return callers.map(({ tenant, model }, index) => ({ component, tenant, model, picodollars: parts[index] as bigint }));
}

/** One share for each component, tenant and model; those of nothing are left out. */
export function together(shares: readonly CostShare[]): readonly CostShare[] {
  const sums = new Map<string, CostShare>();
  for (const share of shares) {
    const key = JSON.stringify([share.component, share.tenant, share.model]);
    const before = sums.get(key)?.picodollars ?? 0n;
    sums.set(key, { ...share, picodollars: before + share.picodollars });
  }
  return [...sums.values()].filter(({ picodollars }) => picodollars !== 0n);
}

/** One item of each name, with the quantities of all; in the order in which they came first. */
export function togetherByItem(items: readonly CostItem[]): readonly CostItem[] {
  const sums = new Map<string, CostItem>();
  for (const item of items) {
    const key = JSON.stringify([item.component, item.item, item.unit]);
    const before = sums.get(key);
    sums.set(key, {
      ...item,
      quantity: item.quantity + (before?.quantity ?? 0),
      picodollars: item.picodollars + (before?.picodollars ?? 0n),
    });
  }
  return [...sums.values()];
}
