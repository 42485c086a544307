/**
 * How many jobs of one tenant may be open at once. Each job has a slot, written before it is counted: whoever counts sees every job
 * that was admitted before, in any process, so that together they never admit too many. Of two that take the last slot at the same
 * moment both may be refused. A slot goes when its job is final, or with the entry of a job that never came to be: what sweeps those
 * sweeps slots, so that a process which dies leaves none behind.
 */
import { FarthingError } from "../errors.ts";
import type { Caller } from "../tenants/caller.ts";
import { JOB_LIMITS } from "./job.ts";
import type { JobSlot, JobStore } from "./job-store.ts";

/** Jobs take seconds to hours; a caller who tries again this soon costs little. */
const RETRY_AFTER_SECONDS = 30;

/** Throws `rate_limited`, and the slot is free again. `slot`: one that nobody has. */
export async function takeSlot(
  slot: JobSlot,
  { terms }: Pick<Caller, "terms">,
  store: Pick<JobStore, "putSlot" | "removeSlot" | "slots">,
): Promise<void> {
  await store.putSlot(slot);
  const slots = await store.slots(slot.tenant);
  const ofTenant = terms.tenant.limits.openJobs ?? JOB_LIMITS.mostOpen;
  const ofKey = terms.key.limits.openJobs;
  const isOver =
    over(slots.length, ofTenant, "your account") ??
    over(slots.filter(({ keyHash }) => keyHash === slot.keyHash).length, ofKey, "this API key");
  if (isOver === undefined) return;
  await store.removeSlot(slot.tenant, slot.id);
  throw isOver;
}

function over(open: number, limit: number | undefined, bearer: string): FarthingError | undefined {
  if (limit === undefined || open <= limit) return undefined;
  return new FarthingError(
    "rate_limited",
    `The limit of ${bearer} is ${limit} jobs that are queued or running, which is reached. Wait for one to end, or cancel one.`,
    { retryAfterSeconds: RETRY_AFTER_SECONDS },
  );
}
