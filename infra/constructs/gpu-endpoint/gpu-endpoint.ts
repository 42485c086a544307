/**
 * An endpoint with GPUs for one or several models: its instances come with the first copy and go with the last.
 * https://docs.aws.amazon.com/sagemaker/latest/dg/realtime-endpoints-deploy-models.html
 * Containers of AWS's own images are cached on instances without being asked; weights by `dataCacheConfig`.
 */
import { CfnEndpoint, CfnEndpointConfig } from "aws-cdk-lib/aws-sagemaker";
import { Construct } from "constructs";
import type { EndpointCard } from "../../../core/models/endpoint-card.ts";
import type { CompleteEndpointPlan } from "../../../core/planner/plan-from-prices.ts";
import type { ImportedResource } from "../serving-function/serving-function.ts";
import { AsyncEndpoint } from "./async-endpoint.ts";
import { EndpointLog, type EndpointLogs } from "./endpoint-log.ts";
import { ExecutionRole } from "./execution-role.ts";
import { ModelComponent } from "./model-component.ts";
import { componentName, endpointName, VARIANT_NAME } from "./names.ts";
import { INFERENCE_AMI } from "./serving-container.ts";

export interface GpuEndpointProps {
  readonly environment: string;
  /** Of the configuration. */
  readonly name: string;
  readonly cards: readonly EndpointCard[];
  readonly plan: CompleteEndpointPlan;
  readonly modelBucket: ImportedResource;
  /** Of the weights, and for the answers of asynchronous requests. Undefined: S3's own. */
  readonly kmsKeyArn: string | undefined;
  /** An endpoint more for each model, for requests by way of S3. */
  readonly asynchronous: boolean;
  readonly logs: EndpointLogs;
}

/** How long SageMaker looks for an instance before it gives up, over all types. 300 to 3600. */
const PROVISION_SECONDS = 1800;
/** First bytes of a body by which requests find the copy that read their beginning before: a system prompt's worth. */
const PREFIX_BYTES = 4096;

export class GpuEndpoint extends Construct {
  constructor(scope: Construct, id: string, props: GpuEndpointProps) {
    super(scope, id);
    const { environment, name, cards, plan, modelBucket, kmsKeyArn, logs } = props;
    const ownName = endpointName(environment, name);
    const endpointLog = new EndpointLog(this, "Log", `Endpoints/${ownName}`, logs);
    const placed = cards.map((card, index) => {
      const component = componentName(environment, card.name);
      return {
        card,
        component,
        plan: plan.models[index] as CompleteEndpointPlan["models"][number],
        log: new EndpointLog(this, `Log-${card.name}`, `InferenceComponents/${component}`, logs),
      };
    });
    const role = new ExecutionRole(this, "Role", {
      cards,
      modelBucket,
      kmsKeyArn,
      logGroupArns: [endpointLog, ...placed.map(({ log }) => log)].map(({ logGroupArn }) => logGroupArn),
    });
    const config = new CfnEndpointConfig(this, "Config", {
      // Required where copies come as inference components, though the reference calls it optional.
      executionRoleArn: role.roleArn,
      enableNetworkIsolation: true,
      productionVariants: [
        {
          variantName: VARIANT_NAME,
          ...instancesOf(plan),
          initialInstanceCount: 1,
          inferenceAmiVersion: INFERENCE_AMI,
          managedInstanceScaling: {
            status: "ENABLED",
            minInstanceCount: plan.models.some(({ minCopies }) => minCopies > 0) ? 1 : 0,
            maxInstanceCount: plan.maxInstances,
            scaleInPolicy: { strategy: "IDLE_RELEASE" },
          },
          routingConfig: routing(cards),
        },
      ],
    });
    const endpoint = new CfnEndpoint(this, "Endpoint", {
      endpointName: ownName,
      endpointConfigName: config.attrEndpointConfigName,
    });
    endpoint.node.addDependency(endpointLog);
    for (const { card, component, plan: modelPlan, log } of placed) {
      const resource = new ModelComponent(this, `Model-${card.name}`, {
        card,
        componentName: component,
        endpointName: ownName,
        variantName: VARIANT_NAME,
        executionRoleArn: role.roleArn,
        bucketName: modelBucket.name,
        instances: plan.instances,
        plan: modelPlan,
        logGroup: log,
      });
      resource.resource.addResourceDependency(endpoint);
      if (props.asynchronous) {
        new AsyncEndpoint(this, `Async-${card.name}`, {
          environment,
          card,
          plan: modelPlan,
          instances: plan.instances,
          modelBucket,
          kmsKeyArn,
          logs,
        });
      }
    }
  }
}

/** One type, or several in the order in which they are asked for. */
const instancesOf = ({ instances }: Pick<CompleteEndpointPlan, "instances">) =>
  instances.length === 1
    ? { instanceType: instances[0]?.instanceType ?? "" }
    : {
        instancePools: instances.map(({ instanceType }, index) => ({ instanceType, priority: index + 1 })),
        variantInstanceProvisionTimeoutInSeconds: PROVISION_SECONDS,
      };

/**
 * Conversations go where their beginning is in memory, until that copy has all it can hold; embeddings share nothing, and go
 * where least is waiting. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_PrefixAwareRoutingConfig.html
 */
function routing(cards: readonly EndpointCard[]): CfnEndpointConfig.RoutingConfigProperty {
  if (cards.some(({ task }) => task !== "text-generation")) return { routingStrategy: "LEAST_OUTSTANDING_REQUESTS" };
  const concurrencyThreshold = Math.max(1, Math.min(...cards.map(({ serving }) => serving.concurrency)));
  return {
    routingStrategy: "PREFIX_AWARE",
    prefixAwareRoutingConfig: { prefixLength: PREFIX_BYTES, concurrencyThreshold },
  };
}
