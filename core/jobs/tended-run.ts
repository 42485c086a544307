/** The lease on a job while it is worked on: renewed, and given up as soon as somebody else has changed the job. */
import type { Clock } from "../serving/clock.ts";
import { repeatedLook } from "../serving/repeated-look.ts";
import { JOB_LIMITS, type Job } from "./job.ts";
import type { JobStore } from "./job-store.ts";
import { writeJob } from "./write-job.ts";

export interface TendedRun {
  /** Aborted when the job was cancelled, or taken by another process. */
  readonly signal: AbortSignal;
  /** Stops, and answers the job as it is stored. */
  end(): Promise<Job>;
}

/** A cancelled job works on for this long, at most. */
const LOOK_EVERY_MILLIS = 5_000;

/** If no look reaches the store, the lease ends, and what is written last is refused. */
export function tendedRun(
  claimed: Job,
  { store, clock, newToken }: { readonly store: JobStore; readonly clock: Clock; newToken(): string },
): TendedRun {
  let job = claimed;
  const { signal, end } = repeatedLook(LOOK_EVERY_MILLIS, clock, async () => {
    const stored = await store.find(job.tenant, job.id);
    if (stored !== undefined && stored.revision !== job.revision) {
      job = stored;
      return "give-up";
    }
    const left = (job.run?.untilMillis ?? 0) - clock.epochMillis();
    if (left > JOB_LIMITS.leaseMillis / 2 || job.run === undefined) return "go-on";
    const run = { ...job.run, untilMillis: clock.epochMillis() + JOB_LIMITS.leaseMillis };
    job = (await writeJob(job, { run }, newToken(), store)) ?? job;
    return "go-on";
  });
  return {
    signal,
    async end() {
      await end();
      return (await store.find(job.tenant, job.id)) ?? job;
    },
  };
}
