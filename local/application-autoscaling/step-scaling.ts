import type { StepScaling } from "./definitions.ts";

/**
 * The capacity that a step asks for, before it is held to the target's bounds. `breach`: by how much the metric is above
 * (or below) the alarm's threshold. Undefined when no step covers it.
 * https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
 */
export function steppedCapacity(capacity: number, breach: number, policy: StepScaling): number | undefined {
  // Above the threshold a step holds its lower bound, below it its upper one; at the threshold itself, both.
  const covers = (lower: number, upper: number) =>
    (breach > 0 ? breach < upper : breach <= upper) && (breach < 0 ? breach > lower : breach >= lower);
  const step = policy.StepAdjustments.find((each) =>
    covers(
      each.MetricIntervalLowerBound ?? Number.NEGATIVE_INFINITY,
      each.MetricIntervalUpperBound ?? Number.POSITIVE_INFINITY,
    ),
  );
  if (step === undefined) return undefined;
  const { ScalingAdjustment: adjustment } = step;
  switch (policy.AdjustmentType) {
    case "ChangeInCapacity":
      return capacity + adjustment;
    case "ExactCapacity":
      return adjustment;
    case "PercentChangeInCapacity": {
      const change = (capacity * adjustment) / 100;
      const rounded =
        change > 1 ? Math.floor(change) : change > 0 ? 1 : change < -1 ? Math.ceil(change) : change < 0 ? -1 : 0;
      const least = policy.MinAdjustmentMagnitude ?? 0;
      return capacity + Math.sign(adjustment) * Math.max(Math.abs(rounded), least);
    }
  }
}
