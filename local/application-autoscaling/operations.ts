/** The calls of the API, one row each. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html */
import * as z from "zod";
import type { RequiredPermission } from "../simulator.ts";
import { scalingPolicy, scheduledActionMembers, suspendedState, targetReference } from "./definitions.ts";
import { type Registry, validationException } from "./registry.ts";
import type { TargetKey } from "./scaling.ts";

export interface AutoScalingOperation {
  permissions(input: unknown, registry: Registry): readonly RequiredPermission[];
  run(input: unknown, registry: Registry): unknown;
}

function operation<Schema extends z.ZodType>(
  action: string,
  schema: Schema,
  run: (input: z.infer<Schema>, registry: Registry) => unknown,
): AutoScalingOperation {
  return {
    // Scalable targets have ARNs that nobody knows before they exist: policies name all of them.
    permissions: (_input, registry) => [
      { action: `application-autoscaling:${action}`, resourceArn: registry.arn("scalable-target/*") },
    ],
    run(input, registry) {
      const parsed = schema.safeParse(input);
      if (!parsed.success) throw validationException(z.prettifyError(parsed.error));
      return run(parsed.data, registry) ?? {};
    },
  };
}

const seconds = (millis: number): number => millis / 1_000;
const time = z.number();
const keyOf = ({ ServiceNamespace, ResourceId, ScalableDimension }: TargetKey): TargetKey => ({
  ServiceNamespace,
  ResourceId,
  ScalableDimension,
});

const filter = z.object({
  ServiceNamespace: targetReference.ServiceNamespace,
  ResourceId: z.string().optional(),
  ResourceIds: z.array(z.string()).optional(),
  ScalableDimension: z.string().optional(),
  PolicyNames: z.array(z.string()).optional(),
  ScheduledActionNames: z.array(z.string()).optional(),
});
const matches = (target: TargetKey, wanted: z.infer<typeof filter>): boolean =>
  target.ServiceNamespace === wanted.ServiceNamespace &&
  (wanted.ResourceId === undefined || wanted.ResourceId === target.ResourceId) &&
  (wanted.ResourceIds === undefined ||
    wanted.ResourceIds.length === 0 ||
    wanted.ResourceIds.includes(target.ResourceId)) &&
  (wanted.ScalableDimension === undefined || wanted.ScalableDimension === target.ScalableDimension);

const OPERATIONS = {
  RegisterScalableTarget: operation(
    "RegisterScalableTarget",
    z.object({
      ...targetReference,
      MinCapacity: z.number().int().min(0).optional(),
      MaxCapacity: z.number().int().min(0).optional(),
      SuspendedState: suspendedState.optional(),
    }),
    (input, registry) => ({
      ScalableTargetARN: registry.registerTarget(keyOf(input), {
        min: input.MinCapacity,
        max: input.MaxCapacity,
        suspended: input.SuspendedState,
      }).arn,
    }),
  ),
  DeregisterScalableTarget: operation("DeregisterScalableTarget", z.object(targetReference), (input, registry) =>
    registry.deregisterTarget(keyOf(input)),
  ),
  DescribeScalableTargets: operation("DescribeScalableTargets", filter, (input, { scaling }) => ({
    ScalableTargets: [...scaling.targets.values()]
      .filter((target) => matches(target, input))
      .map((target) => ({
        ...keyOf(target),
        MinCapacity: target.min,
        MaxCapacity: target.max,
        CreationTime: seconds(target.createdMillis),
        SuspendedState: target.suspended,
        ScalableTargetARN: target.arn,
      })),
  })),

  PutScalingPolicy: operation(
    "PutScalingPolicy",
    z.intersection(z.object(targetReference), scalingPolicy),
    (input, registry) => ({ PolicyARN: registry.putPolicy(keyOf(input), definitionOf(input)).arn, Alarms: [] }),
  ),
  DeleteScalingPolicy: operation(
    "DeleteScalingPolicy",
    z.object({ ...targetReference, PolicyName: z.string() }),
    (input, registry) => registry.deletePolicy(keyOf(input), input.PolicyName),
  ),
  DescribeScalingPolicies: operation("DescribeScalingPolicies", filter, (input, { scaling }) => ({
    ScalingPolicies: [...scaling.policies.values()]
      .filter(({ target }) => matches(target, input))
      .filter(({ definition }) => input.PolicyNames?.includes(definition.PolicyName) ?? true)
      .map(({ arn, target, definition, createdMillis }) => ({
        PolicyARN: arn,
        ...keyOf(target),
        ...definition,
        Alarms: [],
        CreationTime: seconds(createdMillis),
      })),
  })),

  PutScheduledAction: operation(
    "PutScheduledAction",
    z.object({ ...targetReference, ...scheduledActionMembers, StartTime: time.optional(), EndTime: time.optional() }),
    (input, registry) => {
      registry.putScheduledAction({
        name: input.ScheduledActionName,
        target: keyOf(input),
        schedule: input.Schedule,
        timeZone: input.Timezone,
        startMillis: input.StartTime === undefined ? undefined : input.StartTime * 1_000,
        endMillis: input.EndTime === undefined ? undefined : input.EndTime * 1_000,
        action: input.ScalableTargetAction,
      });
    },
  ),
  DeleteScheduledAction: operation(
    "DeleteScheduledAction",
    z.object({ ...targetReference, ScheduledActionName: z.string() }),
    (input, registry) => registry.deleteScheduledAction(keyOf(input), input.ScheduledActionName),
  ),
  DescribeScheduledActions: operation("DescribeScheduledActions", filter, (input, { scaling }) => ({
    ScheduledActions: [...scaling.scheduled.values()]
      .filter(({ target }) => matches(target, input))
      .filter(({ name }) => input.ScheduledActionNames?.includes(name) ?? true)
      .map((action) => ({
        ScheduledActionName: action.name,
        ScheduledActionARN: action.arn,
        ...keyOf(action.target),
        Schedule: action.schedule,
        Timezone: action.timeZone,
        ...(action.startMillis !== undefined && { StartTime: seconds(action.startMillis) }),
        ...(action.endMillis !== undefined && { EndTime: seconds(action.endMillis) }),
        ScalableTargetAction: action.action,
        CreationTime: seconds(action.createdMillis),
      })),
  })),

  DescribeScalingActivities: operation("DescribeScalingActivities", filter, (input, { scaling }) => ({
    ScalingActivities: scaling.activities
      .filter(({ target }) => matches(target, input))
      .map((activity) => ({
        ActivityId: activity.id,
        ...keyOf(activity.target),
        Description: activity.description,
        Cause: activity.cause,
        StartTime: seconds(activity.startMillis),
        EndTime: seconds(activity.startMillis),
        StatusCode: activity.status,
        StatusMessage: activity.message,
      })),
  })),
} satisfies Readonly<Record<string, AutoScalingOperation>>;

const definitionOf = ({
  PolicyName,
  PolicyType,
  StepScalingPolicyConfiguration,
  TargetTrackingScalingPolicyConfiguration,
}: z.infer<typeof scalingPolicy>): z.infer<typeof scalingPolicy> => ({
  PolicyName,
  PolicyType,
  ...(StepScalingPolicyConfiguration && { StepScalingPolicyConfiguration }),
  ...(TargetTrackingScalingPolicyConfiguration && { TargetTrackingScalingPolicyConfiguration }),
});

export const AUTO_SCALING_OPERATIONS: Readonly<Record<string, AutoScalingOperation>> = OPERATIONS;
