/**
 * What one process used for one tenant on one day (of UTC): sums by key and model, and the numbers of the lines that are in
 * them. Both lie in one record that is replaced under an optimistic lock, so a line counts once however often it is
 * delivered, and nothing is lost between "counted" and "remembered as counted". A day's usage is the sum of its pages.
 */
import { addCounts, countsOf, NO_COUNTS, type UsageCounts } from "./usage-counts.ts";
import type { UsageLine } from "./usage-line.ts";
import { includes, type Ranges, withNumber } from "./usage-ranges.ts";

export interface PageId {
  readonly tenant: string;
  /** `2026-11-24` */
  readonly day: string;
  readonly process: string;
}

export interface UsagePage extends PageId {
  /** Grows by one with each write; a write names the one it read. */
  readonly revision: number;
  readonly counted: Ranges;
  readonly cells: readonly UsageCell[];
  /** Picodollars charged under each lease, of the tenant or of the key: what settles the leases of dead processes. */
  readonly leases: Readonly<Record<string, bigint>>;
}

export interface UsageCell extends UsageCounts {
  /** Prefix. */
  readonly key: string;
  readonly model: string;
}

/** Picodollars that a request costs by itself. */
export type LineCost = (line: UsageLine) => bigint;

/** Which page a line belongs to. A line without a number (of another writer) has a page of its own, named by its request. */
export const pageIdOf = (line: UsageLine): PageId => ({
  tenant: line.tenant,
  day: line.at.slice(0, 10),
  process: line.process ?? `request:${line.requestId}`,
});

export const emptyPage = (id: PageId): UsagePage => ({ ...id, revision: 0, counted: [], cells: [], leases: {} });

/** The page with those of the lines that are not in it yet, all of which belong to it; the same object when all are. */
export function withLines(page: UsagePage, lines: readonly UsageLine[], costOf: LineCost): UsagePage {
  let { counted } = page;
  const cells = new Map(page.cells.map((cell) => [cellName(cell), cell]));
  const leases: Record<string, bigint> = { ...page.leases };
  for (const line of lines) {
    const number = line.sequence ?? 1;
    if (includes(counted, number)) continue;
    counted = withNumber(counted, number);
    const { key, model } = line;
    const counts = countsOf(line, costOf(line));
    const before = cells.get(cellName(line));
    cells.set(cellName(line), { key, model, ...addCounts(before ?? NO_COUNTS, counts) });
    for (const lease of [line.lease, line.keyLease]) {
      if (lease !== undefined) leases[lease] = (leases[lease] ?? 0n) + counts.pricePicodollars;
    }
  }
  if (counted === page.counted) return page;
  return { ...page, revision: page.revision + 1, counted, cells: [...cells.values()], leases };
}

const cellName = ({ key, model }: Pick<UsageCell, "key" | "model">): string => `${key}\n${model}`;
