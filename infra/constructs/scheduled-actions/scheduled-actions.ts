/** A plan's schedules as Application Auto Scaling takes them. */
import type { CfnScalableTarget } from "aws-cdk-lib/aws-applicationautoscaling";
import type { PlanSchedule } from "../../../core/planner/plan.ts";

export const scheduledActions = (schedules: readonly PlanSchedule[]): CfnScalableTarget.ScheduledActionProperty[] =>
  schedules.map(({ at, timeZone, min, max }, index) => ({
    scheduledActionName: `plan-${index + 1}`,
    schedule: at,
    ...(timeZone !== undefined && { timezone: timeZone }),
    scalableTargetAction: { minCapacity: min, maxCapacity: max },
  }));
