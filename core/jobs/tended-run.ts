/** The lease on a job while it is worked on: renewed, and given up as soon as somebody else has changed the job. */
import type { Clock } from "../serving/clock.ts";
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

export function tendedRun(
  claimed: Job,
  { store, clock, newToken }: { readonly store: JobStore; readonly clock: Clock; newToken(): string },
): TendedRun {
  const abort = new AbortController();
  let job = claimed;
  let isOver = false;
  let looking: Promise<void> = Promise.resolve();
  let cancelTimer: () => void = () => {};

  async function look(): Promise<void> {
    try {
      const stored = await store.find(job.tenant, job.id);
      if (stored !== undefined && stored.revision !== job.revision) {
        job = stored;
        abort.abort();
        return;
      }
      const left = (job.run?.untilMillis ?? 0) - clock.epochMillis();
      if (left > JOB_LIMITS.leaseMillis / 2 || job.run === undefined) return;
      const run = { ...job.run, untilMillis: clock.epochMillis() + JOB_LIMITS.leaseMillis };
      const renewed = await writeJob(job, { run }, newToken(), store);
      if (renewed !== undefined) job = renewed;
    } catch {
      // The next look may reach the store; if none does, the lease ends, and what is written last is refused.
    }
  }

  function plan(): void {
    if (isOver || abort.signal.aborted) return;
    cancelTimer = clock.after(LOOK_EVERY_MILLIS, () => {
      looking = look().then(plan);
    });
  }
  plan();

  return {
    signal: abort.signal,
    async end() {
      isOver = true;
      cancelTimer();
      await looking;
      return (await store.find(job.tenant, job.id)) ?? job;
    },
  };
}
