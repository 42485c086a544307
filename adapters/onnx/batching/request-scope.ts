/**
 * Who waits for the run that is asked for right now. Tasks call a graph with tensors and know nothing of batches; what a batch
 * has to know of each request comes to it this way.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { InferenceContext } from "../../../core/serving/target.ts";

export type Requester = Pick<InferenceContext, "deadlineMillis" | "signal">;

const scope = new AsyncLocalStorage<Requester>();

export const asRequester = <T>(requester: Requester, action: () => T): T => scope.run(requester, action);

/** Undefined outside of any request: a probe, a benchmark. */
export const currentRequester = (): Requester | undefined => scope.getStore();
