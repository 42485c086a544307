/** The lease on a batch while it is worked on: renewed, and given up when it was cancelled or another process has taken it. */
import type { Clock } from "../serving/clock.ts";
import { BATCH_LIMITS, type Batch } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";
import { changeBatch } from "./change-batch.ts";

export interface TendedBatch {
  /** Aborted when there is nothing left to work for. */
  readonly signal: AbortSignal;
  end(): Promise<void>;
}

const LOOK_EVERY_MILLIS = 15_000;

export function tendedBatch(
  { tenant, id }: Pick<Batch, "tenant" | "id">,
  token: string,
  { store, clock }: { readonly store: BatchStore; readonly clock: Clock },
): TendedBatch {
  const abort = new AbortController();
  let isOver = false;
  let looking: Promise<void> = Promise.resolve();
  let cancelTimer: () => void = () => {};

  async function look(): Promise<void> {
    try {
      const renewed = await changeBatch(tenant, id, store, ({ run, status }) =>
        run?.token === token && status !== "cancelling"
          ? { run: { token, untilMillis: clock.epochMillis() + BATCH_LIMITS.leaseMillis } }
          : undefined,
      );
      if (renewed === undefined) abort.abort();
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
    },
  };
}
