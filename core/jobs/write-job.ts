import type { Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";

/**
 * The job with its change, if nobody else was faster; else undefined. A refusal may be the echo of our own write whose reply was
 * lost: its mark tells.
 */
export async function writeJob(
  before: Job,
  change: Partial<Job>,
  mark: string,
  store: Pick<JobStore, "put" | "find">,
): Promise<Job | undefined> {
  const after: Job = { ...before, ...change, revision: before.revision + 1, mark };
  if ((await store.put(after)) === "written") return after;
  const stored = await store.find(before.tenant, before.id);
  return stored?.mark === mark ? after : undefined;
}
