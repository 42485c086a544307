/** Starts what nobody works on: jobs whose time has come, whose start was lost, or whose process died. Once a minute. */
import type { JobStore, StartJob } from "./job-store.ts";

/** Started in one sweep, oldest first; the rest a minute later. */
const MOST_STARTS = 500;
const STARTS_AT_ONCE = 10;

export async function sweepJobs(
  nowMillis: number,
  { store, start }: { readonly store: Pick<JobStore, "listOpen">; readonly start: StartJob },
): Promise<number> {
  const due = (await store.listOpen())
    .filter(({ dueAtMillis }) => dueAtMillis <= nowMillis)
    .sort((a, b) => a.dueAtMillis - b.dueAtMillis)
    .slice(0, MOST_STARTS);
  for (let from = 0; from < due.length; from += STARTS_AT_ONCE) {
    await Promise.all(due.slice(from, from + STARTS_AT_ONCE).map((job) => start(job)));
  }
  return due.length;
}
