/**
 * How many copies of a model there are: between 1 and n by how many requests each copy holds; from none to one when somebody
 * asks in vain; to none when nobody asked for a while.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-zero-instances.html
 */
import { CfnScalableTarget, CfnScalingPolicy } from "aws-cdk-lib/aws-applicationautoscaling";
import { CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { Construct } from "constructs";
import type { CompleteModelPlan } from "../../../core/planner/plan-from-prices.ts";
import { scheduledActions } from "../scheduled-actions/scheduled-actions.ts";

export interface ComponentScalingProps {
  readonly componentName: string;
  readonly plan: CompleteModelPlan;
  /** Seconds that a wake-up takes. */
  readonly wakeSeconds: number;
}

const METRICS = "AWS/SageMaker";
/** Target tracking takes copies away after 15 minutes of low use, whatever its cooldown: https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html */
const TRACKED_SCALE_IN_SECONDS = 900;
const SECONDS_PER_PERIOD = 60;

export class ComponentScaling extends Construct {
  constructor(scope: Construct, id: string, { componentName, plan, wakeSeconds }: ComponentScalingProps) {
    super(scope, id);
    const target = new CfnScalableTarget(this, "Copies", {
      serviceNamespace: "sagemaker",
      resourceId: `inference-component/${componentName}`,
      scalableDimension: "sagemaker:inference-component:DesiredCopyCount",
      minCapacity: plan.minCopies,
      maxCapacity: plan.maxCopies,
      ...(plan.schedules.length > 0 && { scheduledActions: scheduledActions(plan.schedules) }),
    });
    new CfnScalingPolicy(this, "ByConcurrency", {
      policyName: `${componentName}-concurrency`,
      policyType: "TargetTrackingScaling",
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: {
          predefinedMetricType: "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
        },
        targetValue: plan.targetConcurrency,
        // A copy that is being started counts as there: no second one for the same requests.
        scaleOutCooldown: Math.min(wakeSeconds, 3600),
        scaleInCooldown: plan.idleTimeOutSeconds,
      },
    });
    const dimensions = [{ name: "InferenceComponentName", value: componentName }];
    // Exactly, not one more: the router raises the count itself, and requests fail until the copy serves. Bounds still hold.
    const exactly = (name: string, step: CfnScalingPolicy.StepAdjustmentProperty) =>
      new CfnScalingPolicy(this, name, {
        policyName: `${componentName}-${name.toLowerCase()}`,
        policyType: "StepScaling",
        scalingTargetId: target.ref,
        stepScalingPolicyConfiguration: {
          adjustmentType: "ExactCapacity",
          metricAggregationType: "Maximum",
          cooldown: SECONDS_PER_PERIOD,
          stepAdjustments: [step],
        },
      });
    new CfnAlarm(this, "AskedInVain", {
      alarmDescription: `${componentName} has no copy, and somebody called it`,
      namespace: METRICS,
      metricName: "NoCapacityInvocationFailures",
      dimensions,
      statistic: "Maximum",
      period: SECONDS_PER_PERIOD,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [exactly("Wake", { metricIntervalLowerBound: 0, scalingAdjustment: 1 }).ref],
    });
    if (plan.minCopies > 0 || plan.idleTimeOutSeconds >= TRACKED_SCALE_IN_SECONDS) return;
    const periods = Math.ceil(plan.idleTimeOutSeconds / SECONDS_PER_PERIOD);
    new CfnAlarm(this, "Idle", {
      alarmDescription: `${componentName} has idled for as long as its next wake-up costs`,
      namespace: METRICS,
      metricName: "ConcurrentRequestsPerCopy",
      dimensions,
      statistic: "Maximum",
      period: SECONDS_PER_PERIOD,
      evaluationPeriods: periods,
      datapointsToAlarm: periods,
      threshold: 0,
      comparisonOperator: "LessThanOrEqualToThreshold",
      // Without copies there is no data, and nothing to take away; a copy that is being started must not go.
      treatMissingData: "notBreaching",
      alarmActions: [exactly("Sleep", { metricIntervalUpperBound: 0, scalingAdjustment: 0 }).ref],
    });
  }
}
