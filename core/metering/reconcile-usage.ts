/** Usage lines → usage pages. May be called with any line any number of times, in any order, by many at once. */
import type { UsageLine } from "./usage-line.ts";
import { emptyPage, type LineCost, type PageId, pageIdOf, withLines } from "./usage-page.ts";
import { gapsIn } from "./usage-ranges.ts";
import type { UsageStore } from "./usage-store.ts";

export interface Reconciliation {
  /** Lines that were not in a page before. */
  readonly counted: number;
  /** Lines that were. */
  readonly repeated: number;
  /** Lines of tenants that are deleted: their usage is not recorded again. */
  readonly dropped: number;
  /** Lines that must exist, by the numbers of others, and have not come yet: on their way, or lost. */
  readonly missing: number;
}

export interface ReconcileDependencies {
  readonly store: Pick<UsageStore, "find" | "put">;
  /** Whether the tenant is deleted; one that nobody knows is not. */
  isDeleted(tenant: string): Promise<boolean>;
  readonly costOf: LineCost;
}

/** Others write the same page when batches of one process are worked on at once: they are few, and each try is one of them done. */
const ATTEMPTS = 20;

/** Rejects when the store does not answer; what was written until then stays, and the same lines may be given again. */
export async function reconcileUsage(
  lines: readonly UsageLine[],
  dependencies: ReconcileDependencies,
): Promise<Reconciliation> {
  const deleted = new Map<string, boolean>();
  const pages = new Map<string, { readonly id: PageId; readonly lines: UsageLine[] }>();
  let dropped = 0;
  for (const line of lines) {
    let isGone = deleted.get(line.tenant);
    if (isGone === undefined) deleted.set(line.tenant, (isGone = await dependencies.isDeleted(line.tenant)));
    if (isGone) {
      dropped++;
      continue;
    }
    const id = pageIdOf(line);
    const name = `${id.tenant}\n${id.day}\n${id.process}`;
    const page = pages.get(name) ?? { id, lines: [] };
    page.lines.push(line);
    pages.set(name, page);
  }
  let counted = 0;
  let missing = 0;
  for (const { id, lines } of pages.values()) {
    const written = await countIn(id, lines, dependencies);
    counted += written.counted;
    missing += written.missing;
  }
  return { counted, repeated: lines.length - dropped - counted, dropped, missing };
}

async function countIn(
  id: PageId,
  lines: readonly UsageLine[],
  { store, costOf }: Pick<ReconcileDependencies, "store" | "costOf">,
): Promise<{ readonly counted: number; readonly missing: number }> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = (await store.find(id)) ?? emptyPage(id);
    const after = withLines(before, lines, costOf);
    if (after === before || (await store.put(after)) === "written") {
      return { counted: requestsOf(after) - requestsOf(before), missing: gapsIn(after.counted) };
    }
  }
  throw new Error(`usage of ${id.tenant} on ${id.day}: another writer was faster ${ATTEMPTS} times`);
}

const requestsOf = ({ cells }: { readonly cells: readonly { readonly requests: number }[] }): number =>
  cells.reduce((sum, { requests }) => sum + requests, 0);
