/** The last change that a policy made, which holds the next one back. */
export interface LastChange {
  readonly atMillis: number;
  readonly from: number;
  readonly direction: "out" | "in";
}

/** What AWS takes for SageMaker when a policy says nothing: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html */
export const DEFAULT_COOLDOWN_SECONDS = 300;

/**
 * The capacity from which the next one is worked out, or undefined while it must wait. After scaling out, only what goes
 * further than the last step would from where that began; after scaling in, no further in, but out at once.
 */
export function baseCapacity(
  capacity: number,
  direction: "out" | "in",
  last: LastChange | undefined,
  cooldownSeconds: { readonly out: number; readonly in: number },
  nowMillis: number,
): number | undefined {
  if (last === undefined) return capacity;
  const over = nowMillis - last.atMillis >= cooldownSeconds[last.direction] * 1_000;
  if (over) return capacity;
  if (direction === "in") return undefined;
  return last.direction === "out" ? last.from : capacity;
}
