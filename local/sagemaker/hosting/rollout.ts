/**
 * A rolling update of an inference component, and its way back: batch by batch, new copies first, then as many of the old
 * ones go; after each batch alarms are watched for a while.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-rolling-ic.html
 */
import type { DeploymentConfig } from "../definitions.ts";
import type { Revision } from "./revision.ts";

export interface Rollout {
  readonly from: Revision;
  readonly to: Revision;
  readonly direction: "forward" | "back";
  /** Why it went back. */
  readonly reason?: string;
  readonly startedMillis: number;
  /** Copies that shall run the new revision by now. */
  readonly wanted: number;
  readonly phase: { readonly type: "replacing" } | { readonly type: "watching"; readonly untilMillis: number };
}

export interface RolloutView {
  readonly desired: number;
  /** Copies that serve, by revision. */
  readonly servingNew: number;
  /** Copies of the old revision that are not gone yet. */
  readonly oldLeft: number;
  readonly nowMillis: number;
  /** Name of an alarm that says stop. */
  readonly alarm: string | undefined;
  /** Why a copy of the new revision does not start. */
  readonly failure: string | undefined;
}

export type RolloutStep =
  | { readonly type: "go-on"; readonly rollout: Rollout }
  | { readonly type: "done"; readonly revision: Revision; readonly reason?: string }
  /** Neither the new revision nor the old one starts. */
  | { readonly type: "failed"; readonly reason: string };

type Policy = DeploymentConfig["RollingUpdatePolicy"] | undefined;
type CapacitySize = DeploymentConfig["RollingUpdatePolicy"]["MaximumBatchSize"];

/** Copies of one batch; without a policy all of them. */
export const batchSize = (size: CapacitySize | undefined, desired: number): number =>
  size === undefined
    ? Math.max(1, desired)
    : Math.max(1, size.Type === "COPY_COUNT" ? size.Value : Math.floor((desired * size.Value) / 100));

export function beginRollout(
  from: Revision,
  to: Revision,
  policy: Policy,
  desired: number,
  nowMillis: number,
): Rollout {
  const wanted = Math.min(desired, batchSize(policy?.MaximumBatchSize, desired));
  return { from, to, direction: "forward", startedMillis: nowMillis, wanted, phase: { type: "replacing" } };
}

/** What follows from what is seen; call it whenever something changed, and now and then. */
export function nextStep(rollout: Rollout, view: RolloutView, policy: Policy): RolloutStep {
  const { direction, wanted, phase } = rollout;
  const back = (reason: string): RolloutStep => ({ type: "go-on", rollout: goBack(rollout, reason, policy, view) });
  if (direction === "forward") {
    if (view.failure !== undefined) return back(view.failure);
    if (view.alarm !== undefined) return back(`the alarm ${view.alarm} is in the state ALARM`);
    const limit = policy?.MaximumExecutionTimeoutInSeconds;
    if (limit !== undefined && view.nowMillis - rollout.startedMillis > limit * 1_000) {
      return back(`it took longer than ${limit} s`);
    }
  } else if (view.failure !== undefined) return { type: "failed", reason: view.failure };

  const complete = wanted >= view.desired;
  if (phase.type === "watching") {
    if (view.nowMillis < phase.untilMillis) return { type: "go-on", rollout };
    return complete ? done(rollout) : { type: "go-on", rollout: nextBatch(rollout, view.desired, policy) };
  }
  const replaced =
    view.servingNew >= Math.min(wanted, view.desired) && view.oldLeft <= Math.max(0, view.desired - wanted);
  if (!replaced) return { type: "go-on", rollout };
  const waitMillis = direction === "forward" ? (policy?.WaitIntervalInSeconds ?? 0) * 1_000 : 0;
  if (waitMillis > 0) {
    return {
      type: "go-on",
      rollout: { ...rollout, phase: { type: "watching", untilMillis: view.nowMillis + waitMillis } },
    };
  }
  return complete ? done(rollout) : { type: "go-on", rollout: nextBatch(rollout, view.desired, policy) };
}

function nextBatch(rollout: Rollout, desired: number, policy: Policy): Rollout {
  const size =
    rollout.direction === "forward"
      ? batchSize(policy?.MaximumBatchSize, desired)
      : batchSize(policy?.RollbackMaximumBatchSize, desired);
  return { ...rollout, wanted: Math.min(desired, rollout.wanted + size), phase: { type: "replacing" } };
}

const goBack = ({ from, to, startedMillis }: Rollout, reason: string, policy: Policy, view: RolloutView): Rollout => ({
  from: to,
  to: from,
  direction: "back",
  reason,
  startedMillis,
  // What runs the old revision still counts: only the rest comes back.
  wanted: Math.min(view.desired, view.oldLeft + batchSize(policy?.RollbackMaximumBatchSize, view.desired)),
  phase: { type: "replacing" },
});

const done = ({ to, direction, reason }: Rollout): RolloutStep => ({
  type: "done",
  revision: to,
  ...(direction === "back" && reason !== undefined && { reason: `The update was rolled back: ${reason}.` }),
});
