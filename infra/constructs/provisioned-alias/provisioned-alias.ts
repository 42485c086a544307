/**
 * Execution environments of a function that are always ready, and how many of them: as steady traffic makes them cheaper than
 * cold ones (core/planner). Only a version can have them, so callers name the alias that points at the newest.
 * https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
 */
import { CfnScalableTarget, CfnScalingPolicy } from "aws-cdk-lib/aws-applicationautoscaling";
import { CfnAlias, type Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import type { CompleteProvisioning } from "../../../core/planner/plan-from-prices.ts";
import { scheduledActions } from "../scheduled-actions/scheduled-actions.ts";

export interface ProvisionedAliasProps {
  readonly function: LambdaFunction;
  readonly functionName: string;
  readonly provisioned: CompleteProvisioning;
}

export const LIVE_ALIAS = "live";

export class ProvisionedAlias extends Construct {
  readonly functionArn: string;

  constructor(scope: Construct, id: string, { function: owner, functionName, provisioned }: ProvisionedAliasProps) {
    super(scope, id);
    const { min, max, targetUse, schedules } = provisioned;
    const alias = new CfnAlias(this, "Alias", {
      name: LIVE_ALIAS,
      functionName: owner.functionName,
      functionVersion: owner.currentVersion.version,
      ...(min > 0 && { provisionedConcurrencyConfig: { provisionedConcurrentExecutions: min } }),
    });
    this.functionArn = alias.ref;
    if (min === max && schedules.length === 0) return;
    const target = new CfnScalableTarget(this, "Environments", {
      serviceNamespace: "lambda",
      resourceId: `function:${functionName}:${LIVE_ALIAS}`,
      scalableDimension: "lambda:function:ProvisionedConcurrency",
      minCapacity: min,
      maxCapacity: max,
      ...(schedules.length > 0 && { scheduledActions: scheduledActions(schedules) }),
    });
    target.addResourceDependency(alias);
    new CfnScalingPolicy(this, "ByUse", {
      policyName: `${functionName}-use`,
      policyType: "TargetTrackingScaling",
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        predefinedMetricSpecification: { predefinedMetricType: "LambdaProvisionedConcurrencyUtilization" },
        targetValue: targetUse,
      },
    });
  }
}
