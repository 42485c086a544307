/**
 * One model on the endpoint: a SageMaker model for each number of GPUs that a copy takes, the inference component that places
 * copies, its update copy by copy with the alarm that takes it back, and its scaling.
 */
import { CfnAlarm } from "aws-cdk-lib/aws-cloudwatch";
import type { LogGroup } from "aws-cdk-lib/aws-logs";
import { CfnInferenceComponent, type CfnInferenceComponentProps } from "aws-cdk-lib/aws-sagemaker";
import { Construct } from "constructs";
import type { EndpointCard } from "../../../core/models/endpoint-card.ts";
import type { InstanceChoice } from "../../../core/planner/choose-instances.ts";
import type { CompleteModelPlan } from "../../../core/planner/plan-from-prices.ts";
import { ComponentScaling } from "./component-scaling.ts";
import { SageMakerModel } from "./sagemaker-model.ts";

export interface ModelComponentProps {
  readonly card: EndpointCard;
  readonly componentName: string;
  readonly endpointName: string;
  readonly variantName: string;
  readonly executionRoleArn: string;
  readonly bucketName: string;
  /** Of the endpoint, first choice first. */
  readonly instances: readonly InstanceChoice[];
  readonly plan: CompleteModelPlan;
  readonly logGroup: LogGroup;
}

/** Of the host, for Python and the CUDA libraries: the weights are mapped from disk, and count as cache. */
const HOST_MB = 4096;
const HOST_MB_PER_GPU = 2048;

/** Weights of tens of gigabytes; SageMaker allows an hour. */
const START_SECONDS = 3600;
/** How long a new copy is watched before the next is replaced. */
const BAKE_SECONDS = 300;
const UPDATE_SECONDS = 2 * START_SECONDS;
/** Share of failed requests from which an update is taken back: 5 %. */
const ROLLBACK_SHARE = 0.05;

export class ModelComponent extends Construct {
  readonly resource: CfnInferenceComponent;

  constructor(scope: Construct, id: string, props: ModelComponentProps) {
    super(scope, id);
    const { card, componentName, endpointName, variantName, instances, plan, logGroup } = props;
    const models = new Map<number, SageMakerModel>();
    const specifications = instances.map(({ instanceType, models: placed }) => {
      const tensorParallel = placed.find(({ name }) => name === card.name)?.tensorParallel ?? 1;
      const model =
        models.get(tensorParallel) ?? new SageMakerModel(this, `Model-${tensorParallel}`, { ...props, tensorParallel });
      models.set(tensorParallel, model);
      return { instanceType, ...requirements(model, tensorParallel) };
    });
    const failures = this.failureAlarm(componentName);
    this.resource = new CfnInferenceComponent(this, "Component", {
      inferenceComponentName: componentName,
      endpointName,
      variantName,
      ...specified(specifications),
      // Zero is refused at creation; scaling takes the copy away again when nobody asks.
      runtimeConfig: { copyCount: Math.max(1, plan.minCopies) },
      deploymentConfig: {
        rollingUpdatePolicy: {
          maximumBatchSize: { type: "COPY_COUNT", value: 1 },
          waitIntervalInSeconds: BAKE_SECONDS,
          maximumExecutionTimeoutInSeconds: UPDATE_SECONDS,
          rollbackMaximumBatchSize: { type: "CAPACITY_PERCENT", value: 100 },
        },
        autoRollbackConfiguration: { alarms: [{ alarmName: failures.ref }] },
      },
    });
    this.resource.node.addDependency(logGroup);
    const scaling = new ComponentScaling(this, "Scaling", { componentName, plan, wakeSeconds: card.wake.seconds });
    scaling.node.addDependency(this.resource);
  }

  private failureAlarm(componentName: string): CfnAlarm {
    return new CfnAlarm(this, "Failures", {
      alarmDescription: `More than ${ROLLBACK_SHARE * 100} % of the requests to ${componentName} fail in its container`,
      namespace: "AWS/SageMaker",
      metricName: "Invocation5XXErrors",
      dimensions: [{ name: "InferenceComponentName", value: componentName }],
      statistic: "Average",
      period: 60,
      evaluationPeriods: 1,
      threshold: ROLLBACK_SHARE,
      comparisonOperator: "GreaterThanThreshold",
      treatMissingData: "notBreaching",
    });
  }
}

const requirements = (model: SageMakerModel, tensorParallel: number) => ({
  modelName: model.attrModelName,
  computeResourceRequirements: {
    numberOfAcceleratorDevicesRequired: tensorParallel,
    minMemoryRequiredInMb: HOST_MB + HOST_MB_PER_GPU * tensorParallel,
  },
  dataCacheConfig: { enableCaching: true },
  startupParameters: {
    modelDataDownloadTimeoutInSeconds: START_SECONDS,
    containerStartupHealthCheckTimeoutInSeconds: START_SECONDS,
  },
});

type ForType = CfnInferenceComponent.InferenceComponentSpecificationForInstanceTypeProperty;

/** The service asks for two types at least in the one member, and for no type in the other. */
function specified(
  specifications: readonly ForType[],
): Pick<CfnInferenceComponentProps, "specification" | "specifications"> {
  const [only, ...more] = specifications;
  if (only === undefined || more.length > 0) return { specifications: [...specifications] };
  const { instanceType: _, ...specification } = only;
  return { specification };
}
