/**
 * Requests by way of S3, up to 1 GB and an hour: a queue before the model that may wait for its instance. An endpoint of its own,
 * since `InvokeEndpointAsync` cannot name an inference component; it is none at all while its queue is empty.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html
 */
import { CfnScalableTarget, CfnScalingPolicy } from "aws-cdk-lib/aws-applicationautoscaling";
import { CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import { CfnEndpoint, CfnEndpointConfig } from "aws-cdk-lib/aws-sagemaker";
import { Construct } from "constructs";
import type { EndpointCard } from "../../../core/models/endpoint-card.ts";
import type { InstanceChoice } from "../../../core/planner/choose-instances.ts";
import type { CompleteModelPlan } from "../../../core/planner/plan-from-prices.ts";
import type { ImportedResource } from "../serving-function/serving-function.ts";
import { EndpointLog, type EndpointLogs } from "./endpoint-log.ts";
import { ExecutionRole } from "./execution-role.ts";
import { asyncEndpointName, asyncPrefix, VARIANT_NAME } from "./names.ts";
import { SageMakerModel } from "./sagemaker-model.ts";
import { INFERENCE_AMI } from "./serving-container.ts";

export interface AsyncEndpointProps {
  readonly environment: string;
  readonly card: EndpointCard;
  readonly plan: CompleteModelPlan;
  readonly instances: readonly InstanceChoice[];
  readonly modelBucket: ImportedResource;
  readonly kmsKeyArn: string | undefined;
  readonly logs: EndpointLogs;
}

const START_SECONDS = 3600;

export class AsyncEndpoint extends Construct {
  constructor(scope: Construct, id: string, props: AsyncEndpointProps) {
    super(scope, id);
    const { environment, card, plan, modelBucket, kmsKeyArn, logs } = props;
    const [first] = props.instances;
    const name = asyncEndpointName(environment, card.name);
    const prefix = asyncPrefix(card.name);
    const log = new EndpointLog(this, "Log", `Endpoints/${name}`, logs);
    const role = new ExecutionRole(this, "Role", {
      cards: [card],
      modelBucket,
      kmsKeyArn,
      logGroupArns: [log.logGroupArn],
      asyncPrefix: prefix,
    });
    const model = new SageMakerModel(this, "Model", {
      card,
      tensorParallel: first?.models.find((placed) => placed.name === card.name)?.tensorParallel ?? 1,
      executionRoleArn: role.roleArn,
      bucketName: modelBucket.name,
    });
    const s3 = (folder: string) => `s3://${modelBucket.name}/${prefix}${folder}`;
    const config = new CfnEndpointConfig(this, "Config", {
      productionVariants: [
        {
          variantName: VARIANT_NAME,
          modelName: model.attrModelName,
          // One type: the model's variables name the number of its GPUs.
          instanceType: first?.instanceType ?? "",
          initialInstanceCount: 1,
          inferenceAmiVersion: INFERENCE_AMI,
          modelDataDownloadTimeoutInSeconds: START_SECONDS,
          containerStartupHealthCheckTimeoutInSeconds: START_SECONDS,
        },
      ],
      asyncInferenceConfig: {
        clientConfig: { maxConcurrentInvocationsPerInstance: card.serving.concurrency },
        outputConfig: {
          s3OutputPath: s3("results/"),
          s3FailurePath: s3("failures/"),
          ...(kmsKeyArn !== undefined && { kmsKeyId: kmsKeyArn }),
        },
      },
    });
    const endpoint = new CfnEndpoint(this, "Endpoint", {
      endpointName: name,
      endpointConfigName: config.attrEndpointConfigName,
    });
    endpoint.node.addDependency(log);
    this.scale(endpoint, name, card, plan);
  }

  private scale(endpoint: CfnEndpoint, name: string, card: EndpointCard, plan: CompleteModelPlan): void {
    const target = new CfnScalableTarget(this, "Instances", {
      serviceNamespace: "sagemaker",
      resourceId: `endpoint/${name}/variant/${VARIANT_NAME}`,
      scalableDimension: "sagemaker:variant:DesiredInstanceCount",
      minCapacity: 0,
      maxCapacity: plan.maxCopies,
    });
    target.addResourceDependency(endpoint);
    const dimensions = [{ name: "EndpointName", value: name }];
    new CfnScalingPolicy(this, "ByBacklog", {
      policyName: `${name}-backlog`,
      policyType: "TargetTrackingScaling",
      scalingTargetId: target.ref,
      targetTrackingScalingPolicyConfiguration: {
        customizedMetricSpecification: {
          namespace: "AWS/SageMaker",
          metricName: "ApproximateBacklogSizePerInstance",
          dimensions,
          statistic: "Average",
        },
        // As many again as are in work: an instance more before anybody waits for two turns.
        targetValue: card.serving.concurrency,
        scaleOutCooldown: Math.min(card.wake.seconds, 3600),
        scaleInCooldown: plan.idleTimeOutSeconds,
      },
    });
    const wake = new CfnScalingPolicy(this, "Wake", {
      policyName: `${name}-wake`,
      policyType: "StepScaling",
      scalingTargetId: target.ref,
      stepScalingPolicyConfiguration: {
        adjustmentType: "ExactCapacity",
        metricAggregationType: "Maximum",
        cooldown: 60,
        stepAdjustments: [{ metricIntervalLowerBound: 0, scalingAdjustment: 1 }],
      },
    });
    new CfnAlarm(this, "Waiting", {
      alarmDescription: `${name} has requests in its queue and no instance`,
      namespace: "AWS/SageMaker",
      metricName: "HasBacklogWithoutCapacity",
      dimensions,
      statistic: "Average",
      period: 60,
      evaluationPeriods: 1,
      threshold: 1,
      comparisonOperator: "GreaterThanOrEqualToThreshold",
      treatMissingData: "notBreaching",
      alarmActions: [wake.ref],
    });
  }
}
