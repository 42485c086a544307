/** Scalable targets with their policies and schedules, and what they do as time goes on. */
import type { MetricReader } from "../cloudwatch/simulator.ts";
import { baseCapacity, DEFAULT_COOLDOWN_SECONDS, type LastChange } from "./cooldown.ts";
import type { ScalingPolicyDefinition, SuspendedState, TargetTracking } from "./definitions.ts";
import type { ScalableResource, TrackedMetric } from "./scalable-resource.ts";
import { isDue, parseSchedule } from "./schedule.ts";
import { steppedCapacity } from "./step-scaling.ts";
import { trackedCapacity, trackingWindows } from "./target-tracking.ts";

export interface TargetKey {
  readonly ServiceNamespace: string;
  readonly ResourceId: string;
  readonly ScalableDimension: string;
}

export interface ScalableTarget extends TargetKey {
  min: number;
  max: number;
  suspended: SuspendedState;
  readonly createdMillis: number;
  readonly arn: string;
}

export interface Policy {
  readonly arn: string;
  readonly target: TargetKey;
  readonly createdMillis: number;
  definition: ScalingPolicyDefinition;
  last?: LastChange;
}

export interface ScheduledAction {
  readonly name: string;
  readonly arn: string;
  readonly target: TargetKey;
  readonly schedule: string;
  readonly timeZone: string;
  readonly startMillis: number | undefined;
  readonly endMillis: number | undefined;
  readonly createdMillis: number;
  readonly action: { readonly MinCapacity?: number | undefined; readonly MaxCapacity?: number | undefined };
}

export interface Activity {
  readonly id: string;
  readonly target: TargetKey;
  readonly description: string;
  readonly cause: string;
  readonly startMillis: number;
  readonly status: "Successful" | "Failed";
  readonly message: string;
}

export interface ScalingDependencies {
  readonly metrics: MetricReader;
  readonly scalable: Readonly<Record<string, ScalableResource>>;
  readonly clock: () => number;
  readonly uuid: () => string;
  readonly emit: (event: { readonly type: "progress"; readonly step: string; readonly detail?: string }) => void;
}

/** https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html: six weeks; here the last ones. */
const MAX_ACTIVITIES = 1_000;
const MILLIS_PER_MINUTE = 60_000;
/** Minutes that a sleeping machine missed are not made up for beyond these. */
const MAX_MINUTES_BEHIND = 60;

export const targetKey = ({ ServiceNamespace, ResourceId, ScalableDimension }: TargetKey): string =>
  `${ResourceId}|${ScalableDimension}|${ServiceNamespace}`;

export class Scaling {
  readonly targets = new Map<string, ScalableTarget>();
  readonly policies = new Map<string, Policy>();
  readonly scheduled = new Map<string, ScheduledAction>();
  readonly activities: Activity[] = [];
  readonly #dependencies: ScalingDependencies;
  #lastMinute: number;

  constructor(dependencies: ScalingDependencies) {
    this.#dependencies = dependencies;
    this.#lastMinute = Math.floor(dependencies.clock() / MILLIS_PER_MINUTE);
  }

  /** Looks at every schedule, alarm and metric once. */
  tick(): void {
    this.#runSchedules();
    for (const policy of this.policies.values()) {
      const target = this.targets.get(targetKey(policy.target));
      const capacity = this.#resource(policy.target)?.capacity(policy.target.ResourceId);
      if (target === undefined || capacity === undefined) continue;
      if (policy.definition.PolicyType === "StepScaling") this.#step(policy, target, capacity);
      else this.#track(policy, target, capacity);
    }
  }

  /** Bounds that exclude what is there change it at once. */
  bound(target: ScalableTarget): void {
    const capacity = this.#resource(target)?.capacity(target.ResourceId);
    if (capacity === undefined) return;
    if (capacity < target.min) this.#set(target, target.min, `minimum capacity was set to ${target.min}`);
    else if (capacity > target.max) this.#set(target, target.max, `maximum capacity was set to ${target.max}`);
  }

  #track(policy: Policy, target: ScalableTarget, capacity: number): void {
    const tracking = policy.definition.TargetTrackingScalingPolicyConfiguration as TargetTracking;
    const metric = this.#metricOf(policy, tracking);
    if (metric === undefined) return;
    const windows = trackingWindows(metric.highResolution);
    const values = this.#dependencies.metrics.recent(metric, {
      periodSeconds: windows.periodSeconds,
      periods: windows.lowPeriods,
    });
    const cooldowns = {
      out: tracking.ScaleOutCooldown ?? DEFAULT_COOLDOWN_SECONDS,
      in: tracking.ScaleInCooldown ?? DEFAULT_COOLDOWN_SECONDS,
    };
    const first = trackedCapacity(capacity, tracking.TargetValue, values, windows);
    if (first === undefined || (first <= capacity && tracking.DisableScaleIn)) return;
    const direction = first > capacity ? "out" : "in";
    const base = baseCapacity(capacity, direction, policy.last, cooldowns, this.#dependencies.clock());
    if (base === undefined) return;
    const wanted = base === capacity ? first : trackedCapacity(base, tracking.TargetValue, values, windows);
    if (wanted !== undefined)
      this.#change(policy, target, capacity, wanted, direction, `${metric.name} tracked at ${tracking.TargetValue}`);
  }

  #step(policy: Policy, target: ScalableTarget, capacity: number): void {
    const steps = policy.definition.StepScalingPolicyConfiguration;
    if (steps === undefined) return;
    for (const alarm of this.#dependencies.metrics.alarms()) {
      if (alarm.value !== "ALARM" || !alarm.actions.includes(policy.arn)) continue;
      const breach = (alarm.latest ?? alarm.threshold) - alarm.threshold;
      const first = steppedCapacity(capacity, breach, steps);
      if (first === undefined || first === capacity) continue;
      const direction = first > capacity ? "out" : "in";
      const seconds = steps.Cooldown ?? DEFAULT_COOLDOWN_SECONDS;
      const cooldowns = { out: seconds, in: seconds };
      const base = baseCapacity(capacity, direction, policy.last, cooldowns, this.#dependencies.clock());
      if (base === undefined) continue;
      const wanted = steppedCapacity(base, breach, steps) ?? capacity;
      this.#change(
        policy,
        target,
        capacity,
        wanted,
        direction,
        `monitor alarm ${alarm.name} in state ALARM triggered policy ${policy.definition.PolicyName}`,
      );
    }
  }

  #change(
    policy: Policy,
    target: ScalableTarget,
    capacity: number,
    wanted: number,
    direction: "out" | "in",
    cause: string,
  ): void {
    const { suspended } = target;
    if (direction === "out" ? suspended.DynamicScalingOutSuspended : suspended.DynamicScalingInSuspended) return;
    const held = Math.min(target.max, Math.max(target.min, wanted));
    // What is worked out from before the last change may fall short of it.
    if (direction === "out" ? held <= capacity : held >= capacity) return;
    if (!this.#set(target, held, cause)) return;
    policy.last = { atMillis: this.#dependencies.clock(), from: capacity, direction };
  }

  #runSchedules(): void {
    const minute = Math.floor(this.#dependencies.clock() / MILLIS_PER_MINUTE);
    const from = Math.max(this.#lastMinute + 1, minute - MAX_MINUTES_BEHIND);
    for (let each = from; each <= minute; each++) {
      for (const action of this.scheduled.values()) this.#runAction(action, each * MILLIS_PER_MINUTE);
    }
    this.#lastMinute = Math.max(this.#lastMinute, minute);
  }

  #runAction(action: ScheduledAction, minuteMillis: number): void {
    const target = this.targets.get(targetKey(action.target));
    if (target === undefined || target.suspended.ScheduledScalingSuspended) return;
    if (action.startMillis !== undefined && minuteMillis < action.startMillis) return;
    if (action.endMillis !== undefined && minuteMillis > action.endMillis) return;
    const since = action.startMillis ?? action.createdMillis;
    if (!isDue(parseSchedule(action.schedule), minuteMillis, action.timeZone, since)) return;
    target.min = action.action.MinCapacity ?? target.min;
    target.max = action.action.MaxCapacity ?? target.max;
    this.bound(target);
  }

  #set(target: TargetKey, capacity: number, cause: string): boolean {
    const { clock, uuid, emit } = this.#dependencies;
    const description = `Setting desired capacity to ${capacity}.`;
    let failure: string | undefined;
    try {
      this.#resource(target)?.set(target.ResourceId, capacity);
    } catch (error) {
      failure = (error as Error).message;
    }
    const previous = this.activities[0];
    // A refusal is repeated at every look until it ends; it is told once.
    if (failure === undefined || previous?.message !== failure) {
      this.activities.unshift({
        id: uuid(),
        target,
        description,
        cause,
        startMillis: clock(),
        status: failure === undefined ? "Successful" : "Failed",
        message: failure ?? `Successfully set desired capacity to ${capacity}.`,
      });
      this.activities.length = Math.min(this.activities.length, MAX_ACTIVITIES);
      if (failure === undefined)
        emit({ type: "progress", step: `scaled ${target.ResourceId} to ${capacity}`, detail: cause });
    }
    return failure === undefined;
  }

  #metricOf({ target }: Policy, tracking: TargetTracking): TrackedMetric | undefined {
    const predefined = tracking.PredefinedMetricSpecification?.PredefinedMetricType;
    if (predefined !== undefined) return this.#resource(target)?.metric(target.ResourceId, predefined);
    const custom = tracking.CustomizedMetricSpecification;
    return (
      custom && {
        namespace: custom.Namespace,
        name: custom.MetricName,
        dimensions: Object.fromEntries(custom.Dimensions.map(({ Name, Value }) => [Name, Value])),
        statistic: custom.Statistic,
        highResolution: false,
      }
    );
  }

  #resource({ ScalableDimension }: TargetKey): ScalableResource | undefined {
    const { scalable } = this.#dependencies;
    return Object.hasOwn(scalable, ScalableDimension) ? scalable[ScalableDimension] : undefined;
  }
}
