/** The lease on a batch while it is worked on: renewed, and given up when it was cancelled or another process has taken it. */
import type { Clock } from "../serving/clock.ts";
import { type RepeatedLook, repeatedLook } from "../serving/repeated-look.ts";
import { BATCH_LIMITS, type Batch } from "./batch.ts";
import type { BatchStore } from "./batch-store.ts";
import { changeBatch } from "./change-batch.ts";

const LOOK_EVERY_MILLIS = 15_000;

/** If no look reaches the store, the lease ends, and what is written last is refused. */
export const tendedBatch = (
  { tenant, id }: Pick<Batch, "tenant" | "id">,
  token: string,
  { store, clock }: { readonly store: BatchStore; readonly clock: Clock },
): RepeatedLook =>
  repeatedLook(LOOK_EVERY_MILLIS, clock, async () => {
    const renewed = await changeBatch(tenant, id, store, ({ run, status }) =>
      run?.token === token && status !== "cancelling"
        ? { run: { token, untilMillis: clock.epochMillis() + BATCH_LIMITS.leaseMillis } }
        : undefined,
    );
    return renewed === undefined ? "give-up" : "go-on";
  });
