/** The control plane's calls, one row each. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Service.html */
import * as z from "zod";
import type { RequiredPermission } from "../../simulator.ts";
import {
  componentDefinition,
  componentSpecification,
  deploymentConfig,
  endpointConfigDefinition,
  modelDefinition,
  resourceName,
  specificationForInstanceType,
} from "../definitions.ts";
import { validationException } from "../errors.ts";
import type { Hosting } from "../hosting/hosting.ts";
import { FAULT_NAMES, type Faults } from "../runtime-api/faults.ts";
import { describeComponent, describeConfig, describeEndpoint, describeModel } from "./describe.ts";

export interface ControlPlaneParts {
  readonly hosting: Hosting;
  readonly faults: Faults;
}

export interface ControlPlaneOperation {
  permissions(input: unknown, parts: ControlPlaneParts): readonly RequiredPermission[];
  run(input: unknown, parts: ControlPlaneParts): unknown;
}

type Kind = Parameters<Hosting["arn"]>[0];

function operation<Schema extends z.ZodType>(
  action: string,
  schema: Schema,
  /** What the caller must be allowed to touch; undefined: the call is about all of them. */
  resource: (input: z.infer<Schema>) => readonly [Kind, string] | undefined,
  run: (input: z.infer<Schema>, parts: ControlPlaneParts) => unknown,
): ControlPlaneOperation {
  const read = (input: unknown): z.infer<Schema> => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return parsed.data;
    throw validationException(z.prettifyError(parsed.error));
  };
  return {
    permissions(input, { hosting }) {
      const named = resource(read(input));
      return [{ action: `sagemaker:${action}`, resourceArn: named === undefined ? "*" : hosting.arn(...named) }];
    },
    run: (input, parts) => run(read(input), parts),
  };
}

const name = resourceName;
const endpointName = z.object({ EndpointName: name });
const configName = z.object({ EndpointConfigName: name });
const modelName = z.object({ ModelName: name });
const component = z.object({ InferenceComponentName: name });
const page = z.object({ EndpointNameEquals: name.optional(), NameContains: z.string().default("") });
const secondsOf = (millis: number) => millis / 1_000;

const OPERATIONS = {
  CreateModel: operation(
    "CreateModel",
    z.intersection(modelDefinition, modelName),
    ({ ModelName }) => ["model", ModelName],
    (input, { hosting }) => {
      hosting.createModel(input.ModelName, input);
      return { ModelArn: hosting.arn("model", input.ModelName) };
    },
  ),
  DescribeModel: operation(
    "DescribeModel",
    modelName,
    ({ ModelName }) => ["model", ModelName],
    ({ ModelName }, { hosting }) => describeModel(hosting.model(ModelName), hosting),
  ),
  DeleteModel: operation(
    "DeleteModel",
    modelName,
    ({ ModelName }) => ["model", ModelName],
    ({ ModelName }, { hosting }) => hosting.deleteModel(ModelName),
  ),

  CreateEndpointConfig: operation(
    "CreateEndpointConfig",
    z.intersection(endpointConfigDefinition, configName),
    ({ EndpointConfigName }) => ["endpoint-config", EndpointConfigName],
    (input, { hosting }) => {
      hosting.createConfig(input);
      return { EndpointConfigArn: hosting.arn("endpoint-config", input.EndpointConfigName) };
    },
  ),
  DescribeEndpointConfig: operation(
    "DescribeEndpointConfig",
    configName,
    ({ EndpointConfigName }) => ["endpoint-config", EndpointConfigName],
    ({ EndpointConfigName }, { hosting }) => describeConfig(hosting.config(EndpointConfigName), hosting),
  ),
  DeleteEndpointConfig: operation(
    "DeleteEndpointConfig",
    configName,
    ({ EndpointConfigName }) => ["endpoint-config", EndpointConfigName],
    ({ EndpointConfigName }, { hosting }) => hosting.deleteConfig(EndpointConfigName),
  ),

  CreateEndpoint: operation(
    "CreateEndpoint",
    z.object({ EndpointName: name, EndpointConfigName: name, DeploymentConfig: z.unknown().optional() }),
    ({ EndpointName }) => ["endpoint", EndpointName],
    ({ EndpointName, EndpointConfigName }, { hosting }) => {
      hosting.createEndpoint(EndpointName, EndpointConfigName);
      return { EndpointArn: hosting.arn("endpoint", EndpointName) };
    },
  ),
  DescribeEndpoint: operation(
    "DescribeEndpoint",
    endpointName,
    ({ EndpointName }) => ["endpoint", EndpointName],
    ({ EndpointName }, { hosting }) => describeEndpoint(hosting.endpoint(EndpointName), hosting),
  ),
  UpdateEndpoint: operation(
    "UpdateEndpoint",
    z.object({ EndpointName: name, EndpointConfigName: name }),
    ({ EndpointName }) => ["endpoint", EndpointName],
    ({ EndpointName, EndpointConfigName }, { hosting }) => {
      hosting.updateEndpoint(EndpointName, EndpointConfigName);
      return { EndpointArn: hosting.arn("endpoint", EndpointName) };
    },
  ),
  DeleteEndpoint: operation(
    "DeleteEndpoint",
    endpointName,
    ({ EndpointName }) => ["endpoint", EndpointName],
    ({ EndpointName }, { hosting }) => hosting.deleteEndpoint(EndpointName),
  ),
  ListEndpoints: operation(
    "ListEndpoints",
    page,
    () => undefined,
    ({ NameContains }, { hosting }) => ({
      Endpoints: [...hosting.endpoints.values()]
        .filter((endpoint) => endpoint.name.includes(NameContains))
        .map((endpoint) => ({
          EndpointName: endpoint.name,
          EndpointArn: hosting.arn("endpoint", endpoint.name),
          EndpointStatus: endpoint.status,
          CreationTime: secondsOf(endpoint.createdMillis),
          LastModifiedTime: secondsOf(endpoint.modifiedMillis),
        })),
    }),
  ),
  UpdateEndpointWeightsAndCapacities: operation(
    "UpdateEndpointWeightsAndCapacities",
    z.object({
      EndpointName: name,
      DesiredWeightsAndCapacities: z
        .array(z.object({ VariantName: name, DesiredInstanceCount: z.number().int().min(0).optional() }))
        .min(1),
    }),
    ({ EndpointName }) => ["endpoint", EndpointName],
    ({ EndpointName, DesiredWeightsAndCapacities }, { hosting }) => {
      const endpoint = hosting.endpoint(EndpointName);
      for (const { VariantName, DesiredInstanceCount } of DesiredWeightsAndCapacities) {
        const workload = endpoint.workload(VariantName);
        if (workload?.identity.kind !== "model")
          throw validationException(`There is no variant ${VariantName} with a model.`);
        if (DesiredInstanceCount !== undefined) workload.scale(DesiredInstanceCount);
      }
      return { EndpointArn: hosting.arn("endpoint", EndpointName) };
    },
  ),

  CreateInferenceComponent: operation(
    "CreateInferenceComponent",
    z.intersection(componentDefinition, component),
    ({ InferenceComponentName }) => ["inference-component", InferenceComponentName],
    (input, { hosting }) => {
      const endpoint = hosting.endpoint(input.EndpointName);
      if (endpoint.status !== "InService") {
        throw validationException(
          `The endpoint ${endpoint.name} is ${endpoint.status}; inference components need it InService.`,
        );
      }
      hosting.createComponent(input.InferenceComponentName, input);
      return { InferenceComponentArn: hosting.arn("inference-component", input.InferenceComponentName) };
    },
  ),
  DescribeInferenceComponent: operation(
    "DescribeInferenceComponent",
    component,
    ({ InferenceComponentName }) => ["inference-component", InferenceComponentName],
    ({ InferenceComponentName }, { hosting }) => describeComponent(hosting.component(InferenceComponentName), hosting),
  ),
  UpdateInferenceComponent: operation(
    "UpdateInferenceComponent",
    z.object({
      InferenceComponentName: name,
      Specification: componentSpecification.optional(),
      Specifications: z.array(specificationForInstanceType).min(1).max(5).optional(),
      RuntimeConfig: z.object({ CopyCount: z.number().int().min(0) }).optional(),
      DeploymentConfig: deploymentConfig.optional(),
    }),
    ({ InferenceComponentName }) => ["inference-component", InferenceComponentName],
    ({ InferenceComponentName, RuntimeConfig, DeploymentConfig, ...definition }, { hosting }) => {
      hosting.updateComponent(InferenceComponentName, {
        definition,
        ...(RuntimeConfig && { copies: RuntimeConfig.CopyCount }),
        ...(DeploymentConfig && { deployment: DeploymentConfig }),
      });
      return { InferenceComponentArn: hosting.arn("inference-component", InferenceComponentName) };
    },
  ),
  UpdateInferenceComponentRuntimeConfig: operation(
    "UpdateInferenceComponentRuntimeConfig",
    z.object({ InferenceComponentName: name, DesiredRuntimeConfig: z.object({ CopyCount: z.number().int().min(0) }) }),
    ({ InferenceComponentName }) => ["inference-component", InferenceComponentName],
    ({ InferenceComponentName, DesiredRuntimeConfig }, { hosting }) => {
      hosting.scaleComponent(InferenceComponentName, DesiredRuntimeConfig.CopyCount);
      return { InferenceComponentArn: hosting.arn("inference-component", InferenceComponentName) };
    },
  ),
  DeleteInferenceComponent: operation(
    "DeleteInferenceComponent",
    component,
    ({ InferenceComponentName }) => ["inference-component", InferenceComponentName],
    ({ InferenceComponentName }, { hosting }) => hosting.deleteComponent(InferenceComponentName),
  ),
  ListInferenceComponents: operation(
    "ListInferenceComponents",
    page,
    () => undefined,
    ({ EndpointNameEquals, NameContains }, { hosting }) => ({
      InferenceComponents: [...hosting.components.values()]
        .filter((each) => EndpointNameEquals === undefined || each.endpoint.name === EndpointNameEquals)
        .filter((each) => each.name.includes(NameContains))
        .map((each) => ({
          InferenceComponentName: each.name,
          InferenceComponentArn: hosting.arn("inference-component", each.name),
          EndpointName: each.endpoint.name,
          EndpointArn: hosting.arn("endpoint", each.endpoint.name),
          VariantName: each.workload.identity.variantName,
          InferenceComponentStatus: each.workload.status,
          CreationTime: secondsOf(each.createdMillis),
          LastModifiedTime: secondsOf(each.workload.modifiedMillis),
        })),
    }),
  ),

  /** Not one of AWS: the next `Count` invocations of the endpoint fail like that. For tests; no role here has the right. */
  FarthingPutFault: operation(
    "FarthingPutFault",
    z.strictObject({ EndpointName: name, Fault: z.enum(FAULT_NAMES), Count: z.number().int().min(0).max(1_000_000) }),
    () => undefined,
    ({ EndpointName, Fault, Count }, { faults }) => faults.put(EndpointName, Fault, Count),
  ),
} satisfies Readonly<Record<string, ControlPlaneOperation>>;

export const CONTROL_PLANE_OPERATIONS: Readonly<Record<string, ControlPlaneOperation>> = OPERATIONS;
