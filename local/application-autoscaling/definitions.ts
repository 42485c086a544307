/** Members of the API and of the templates, which name them alike. https://docs.aws.amazon.com/autoscaling/application/APIReference/API_Operations.html */
import * as z from "zod";
import { parseSchedule } from "./schedule.ts";

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(min).max(max);
const flag = z.union([z.boolean(), z.stringbool()]);

export const targetReference = {
  ServiceNamespace: z.string().min(1),
  ResourceId: z.string().min(1).max(1_600),
  ScalableDimension: z.string().min(1),
};

export const suspendedState = z.object({
  DynamicScalingInSuspended: flag.default(false),
  DynamicScalingOutSuspended: flag.default(false),
  ScheduledScalingSuspended: flag.default(false),
});

const schedule = z.string().superRefine((text, context) => {
  try {
    parseSchedule(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: (error as Error).message });
  }
});

const timezone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, "is no time zone of the IANA database");

export const scalableTargetAction = z
  .object({ MinCapacity: whole(0).optional(), MaxCapacity: whole(0).optional() })
  .refine(({ MinCapacity, MaxCapacity }) => MinCapacity !== undefined || MaxCapacity !== undefined, {
    error: "an action sets MinCapacity, MaxCapacity or both",
  });

export const scheduledActionMembers = {
  ScheduledActionName: z.string().min(1).max(256),
  Schedule: schedule,
  Timezone: timezone.default("UTC"),
  ScalableTargetAction: scalableTargetAction,
};

/** https://docs.aws.amazon.com/autoscaling/application/APIReference/API_StepScalingPolicyConfiguration.html */
export const stepScaling = z.object({
  AdjustmentType: z.enum(["ChangeInCapacity", "PercentChangeInCapacity", "ExactCapacity"]),
  StepAdjustments: z
    .array(
      z.object({
        MetricIntervalLowerBound: z.coerce.number().optional(),
        MetricIntervalUpperBound: z.coerce.number().optional(),
        ScalingAdjustment: z.coerce.number().int(),
      }),
    )
    .min(1),
  MinAdjustmentMagnitude: whole(1).optional(),
  Cooldown: whole(0).optional(),
  MetricAggregationType: z.enum(["Average", "Minimum", "Maximum"]).optional(),
});

/** https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html */
export const targetTracking = z
  .object({
    TargetValue: z.coerce.number().positive(),
    PredefinedMetricSpecification: z
      .object({ PredefinedMetricType: z.string(), ResourceLabel: z.string().optional() })
      .optional(),
    CustomizedMetricSpecification: z
      .strictObject({
        Namespace: z.string(),
        MetricName: z.string(),
        Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
        Statistic: z.string(),
        Unit: z.string().optional(),
      })
      .optional(),
    ScaleInCooldown: whole(0).optional(),
    ScaleOutCooldown: whole(0).optional(),
    DisableScaleIn: flag.default(false),
  })
  .refine(
    (policy) =>
      (policy.PredefinedMetricSpecification === undefined) !== (policy.CustomizedMetricSpecification === undefined),
    { error: "a target tracking policy names either a predefined metric or a customized one" },
  );

const policyMembers = {
  PolicyName: z.string().min(1).max(256),
  PolicyType: z
    .enum(["StepScaling", "TargetTrackingScaling"], "predictive scaling is not simulated here")
    .default("StepScaling"),
  StepScalingPolicyConfiguration: stepScaling.optional(),
  TargetTrackingScalingPolicyConfiguration: targetTracking.optional(),
};

export const scalingPolicy = z
  .object(policyMembers)
  .refine(
    (policy) =>
      policy.PolicyType === "StepScaling"
        ? policy.StepScalingPolicyConfiguration !== undefined
        : policy.TargetTrackingScalingPolicyConfiguration !== undefined,
    { error: "a policy has the configuration that its type names" },
  );

export type StepScaling = z.infer<typeof stepScaling>;
export type TargetTracking = z.infer<typeof targetTracking>;
export type ScalingPolicyDefinition = z.infer<typeof scalingPolicy>;
export type SuspendedState = z.infer<typeof suspendedState>;
