import type { Batch } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";

const ATTEMPTS = 20;

/**
 * The batch with the change, written; undefined when `change` finds in what is stored that there is nothing left to do. Others
 * write too (who cancels, who works): the change is made to what they left.
 */
export async function changeBatch(
  tenant: string,
  id: string,
  store: Pick<BatchStore, "find" | "put">,
  change: (batch: Batch) => Partial<Batch> | undefined,
): Promise<Batch | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await store.find(tenant, id);
    const changed = before && change(before);
    if (before === undefined || changed === undefined) return undefined;
    const after: Batch = { ...before, ...changed, revision: before.revision + 1 };
    if ((await store.put(after)) === "written") return after;
  }
  throw new Error(`batch ${id}: another writer was faster ${ATTEMPTS} times`);
}

/** A change of state, with its time. */
export const becomes = (
  { times }: Batch,
  status: Batch["status"],
  nowMillis: number,
): Pick<Batch, "status" | "times"> => ({ status, times: { ...times, [status]: nowMillis } });
