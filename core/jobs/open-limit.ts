/**
 * How much of one kind may be open at once: jobs, batches. Each has a slot, written before it is counted: whoever counts sees all that
 * was admitted before, in any process, so that together they never admit too much. Of two that take the last slot at the same
 * moment both may be refused. A slot goes when its bearer is final, or with the entry of one that never came to be: what sweeps those
 * sweeps slots, so that a process which dies leaves none behind.
 */
import { FarthingError, isFarthingError } from "../errors.ts";
import type { JobStore } from "./job-store.ts";
import type { Slot, SlotStore } from "./slot-store.ts";

export interface OpenLimit {
  /** Slots that may be taken at once. */
  readonly most: number;
  /** Which of the tenant's slots count. Default: all. */
  counts?(slot: Slot): boolean;
  /** What is told where it is reached. */
  readonly message: string;
}

/** What is open takes seconds to hours; a caller who tries again this soon costs little. */
const RETRY_AFTER_SECONDS = 30;

/** Throws `rate_limited`, and the slot is free again. `slot`: one that nobody has. */
export async function takeSlot(slot: Slot, limits: readonly OpenLimit[], store: SlotStore): Promise<void> {
  await store.putSlot(slot);
  const slots = await store.slots(slot.tenant);
  const reached = limits.find(({ most, counts = () => true }) => slots.filter(counts).length > most);
  if (reached === undefined) return;
  await store.removeSlot(slot.tenant, slot.id);
  throw new FarthingError("rate_limited", reached.message, { retryAfterSeconds: RETRY_AFTER_SECONDS });
}

/**
 * The same with an entry among all that is open, so that somebody finds what comes next, or the slot of what never came. In this
 * order: an entry without anything is swept away, anything without an entry would never be found.
 */
export async function openWithSlot(
  slot: Slot,
  limits: readonly OpenLimit[],
  { dueAtMillis, open, slots }: OpenPlace,
): Promise<void> {
  await open.putOpen({ tenant: slot.tenant, id: slot.id, dueAtMillis });
  try {
    await takeSlot(slot, limits, slots);
  } catch (thrown) {
    // Anything else may have left the slot: the entry stays, and whoever sweeps takes both away.
    if (isFarthingError(thrown) && thrown.code === "rate_limited") await open.removeOpen(slot.id);
    throw thrown;
  }
}

export interface OpenPlace {
  /** When whoever sweeps looks after it, should nobody work on it. */
  readonly dueAtMillis: number;
  readonly open: Pick<JobStore, "putOpen" | "removeOpen">;
  readonly slots: SlotStore;
}

/** The slot first: what goes with the entry would be found by nobody after it. */
export async function closeWithSlot(
  { tenant, id }: Pick<Slot, "tenant" | "id">,
  open: Pick<JobStore, "removeOpen">,
  slots: Pick<SlotStore, "removeSlot">,
): Promise<void> {
  await slots.removeSlot(tenant, id);
  await open.removeOpen(id);
}
