/** What becomes of a request whose model sleeps. A pure function of what its caller wishes and what is known of the wake-up. */
import type { Wishes } from "./wishes.ts";

export interface WakeFacts {
  readonly wishes: Wishes;
  /** Until nobody waits for the answer. */
  readonly remainingMillis: number;
  /** Estimate, until a copy serves. Undefined: the last wake-up failed a moment ago, so none is under way. */
  readonly leftSeconds: number | undefined;
  /** Whether one more caller may wait with an open connection. */
  readonly hasSeat: boolean;
  /** Whether another model answers instead. */
  readonly hasStandIn: boolean;
  /** Whether the deployment takes jobs. */
  readonly takesJobs: boolean;
}

export type WithoutWaiting = "job" | "fall-back" | "refuse";

export type WakeDecision =
  /** `otherwise`: what happens when the model still sleeps then. */
  | { readonly type: "hold"; readonly forMillis: number; readonly otherwise: WithoutWaiting }
  | { readonly type: WithoutWaiting };

/**
 * Nobody waits for what the estimate says will not come in time. Who said nothing gets another model's answer at once where there
 * is one; who named a wait or a deadline has said that waiting is better.
 */
export function decideWake(facts: WakeFacts): WakeDecision {
  const { wishes, leftSeconds, hasSeat } = facts;
  const otherwise = withoutWaiting(facts);
  const forMillis = patienceMillis(facts);
  const comesInTime = leftSeconds !== undefined && leftSeconds * 1000 <= forMillis;
  if (!comesInTime || !hasSeat || (wishes.respondAsync && wishes.waitMillis === undefined)) return { type: otherwise };
  return { type: "hold", forMillis, otherwise };
}

function withoutWaiting({ wishes, hasStandIn, takesJobs }: WakeFacts): WithoutWaiting {
  if (wishes.respondAsync && takesJobs) return "job";
  return hasStandIn && !wishes.insists ? "fall-back" : "refuse";
}

/** Of the time that is left, what an answer needs once the model is awake, or somebody else's if it is not. */
const ANSWER_SHARE = 0.2;
const LONGEST_ANSWER_MILLIS = 3_000;

function patienceMillis({ wishes, remainingMillis, hasStandIn }: WakeFacts): number {
  const spare = remainingMillis - Math.min(LONGEST_ANSWER_MILLIS, ANSWER_SHARE * remainingMillis);
  if (wishes.waitMillis !== undefined) return Math.min(wishes.waitMillis, spare);
  return wishes.hasDeadline || !hasStandIn ? spare : 0;
}
