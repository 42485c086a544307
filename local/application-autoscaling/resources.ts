import * as z from "zod";
import { readProperties } from "../resource-properties.ts";
import type { ResourceBehaviour } from "../simulator.ts";
import { scalingPolicy, scheduledActionMembers, suspendedState, targetReference } from "./definitions.ts";
import type { Registry } from "./registry.ts";
import { targetKey } from "./scaling.ts";

const capacity = z.coerce.number().int().min(0);
const timestamp = z.coerce.date();

const targetProperties = z.object({
  ...targetReference,
  MinCapacity: capacity,
  MaxCapacity: capacity,
  ScheduledActions: z
    .array(z.object({ ...scheduledActionMembers, StartTime: timestamp.optional(), EndTime: timestamp.optional() }))
    .default([]),
  SuspendedState: suspendedState.optional(),
});

const policyProperties = z.intersection(
  scalingPolicy,
  z.object({
    ScalingTargetId: z.string().optional(),
    ServiceNamespace: targetReference.ServiceNamespace.optional(),
    ResourceId: targetReference.ResourceId.optional(),
    ScalableDimension: targetReference.ScalableDimension.optional(),
  }),
);

export function autoScalingResources(registry: Registry): Readonly<Record<string, ResourceBehaviour>> {
  return {
    "AWS::ApplicationAutoScaling::ScalableTarget": {
      honoured: [
        "MaxCapacity",
        "MinCapacity",
        "ResourceId",
        "ScalableDimension",
        "ScheduledActions",
        "ServiceNamespace",
        "SuspendedState",
      ],
      ignored: { RoleARN: "services with a linked role ignore it on AWS, too", Tags: "no policy here compares tags" },
      async create(resource) {
        const properties = readProperties(resource, targetProperties);
        const { ServiceNamespace, ResourceId, ScalableDimension, MinCapacity, MaxCapacity } = properties;
        const key = { ServiceNamespace, ResourceId, ScalableDimension };
        registry.registerTarget(key, { min: MinCapacity, max: MaxCapacity, suspended: properties.SuspendedState });
        for (const action of properties.ScheduledActions) {
          registry.putScheduledAction({
            name: action.ScheduledActionName,
            target: key,
            schedule: action.Schedule,
            timeZone: action.Timezone,
            startMillis: action.StartTime?.getTime(),
            endMillis: action.EndTime?.getTime(),
            action: action.ScalableTargetAction,
          });
        }
        const id = targetKey(key);
        return { ref: id, attributes: { Id: id } };
      },
    },

    "AWS::ApplicationAutoScaling::ScalingPolicy": {
      honoured: [
        "PolicyName",
        "PolicyType",
        "ResourceId",
        "ScalableDimension",
        "ScalingTargetId",
        "ServiceNamespace",
        "StepScalingPolicyConfiguration",
        "TargetTrackingScalingPolicyConfiguration",
      ],
      async create(resource) {
        const { ScalingTargetId, ServiceNamespace, ResourceId, ScalableDimension, ...definition } = readProperties(
          resource,
          policyProperties,
        );
        const key =
          ScalingTargetId !== undefined
            ? registry.targetOfId(ScalingTargetId)
            : {
                ServiceNamespace: ServiceNamespace ?? "",
                ResourceId: ResourceId ?? "",
                ScalableDimension: ScalableDimension ?? "",
              };
        const { arn } = registry.putPolicy(registry.target(key), definition);
        return { ref: arn, attributes: { Arn: arn } };
      },
    },
  };
}
