/** What the control plane answers about what is hosted. Times are seconds since the epoch, as JSON services send them. */

import type { Copy } from "../hosting/copy.ts";
import type { Fleet } from "../hosting/fleet.ts";
import type { HostedEndpoint } from "../hosting/hosted-endpoint.ts";
import type { HostedComponent, HostedConfig, HostedModel, Hosting } from "../hosting/hosting.ts";

const seconds = (millis: number): number => millis / 1_000;

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html */
export function describeModel({ name, createdMillis, definition }: HostedModel, hosting: Hosting): object {
  const { ModelName: _, ...members } = definition;
  return { ModelName: name, ModelArn: hosting.arn("model", name), CreationTime: seconds(createdMillis), ...members };
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpointConfig.html */
export function describeConfig({ createdMillis, ...config }: HostedConfig, hosting: Hosting): object {
  return {
    ...config,
    EndpointConfigArn: hosting.arn("endpoint-config", config.EndpointConfigName),
    CreationTime: seconds(createdMillis),
  };
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeEndpoint.html */
export function describeEndpoint(endpoint: HostedEndpoint, hosting: Hosting): object {
  return {
    EndpointName: endpoint.name,
    EndpointArn: hosting.arn("endpoint", endpoint.name),
    EndpointConfigName: endpoint.config.EndpointConfigName,
    EndpointStatus: endpoint.status,
    ...(endpoint.failureReason !== undefined && { FailureReason: endpoint.failureReason }),
    CreationTime: seconds(endpoint.createdMillis),
    LastModifiedTime: seconds(endpoint.modifiedMillis),
    ...(endpoint.config.AsyncInferenceConfig && { AsyncInferenceConfig: endpoint.config.AsyncInferenceConfig }),
    ProductionVariants: endpoint.fleets.map((fleet) => describeVariant(fleet, endpoint)),
  };
}

function describeVariant(fleet: Fleet, endpoint: HostedEndpoint): object {
  const { variant, instances } = fleet;
  const inService = instances.filter(({ state }) => state === "in-service");
  const model = endpoint.workload(variant.VariantName);
  return {
    VariantName: variant.VariantName,
    CurrentWeight: variant.InitialVariantWeight,
    DesiredWeight: variant.InitialVariantWeight,
    CurrentInstanceCount: inService.length,
    DesiredInstanceCount: model?.desired ?? instances.length,
    ...(variant.ManagedInstanceScaling && { ManagedInstanceScaling: variant.ManagedInstanceScaling }),
    ...(variant.RoutingConfig && { RoutingConfig: variant.RoutingConfig }),
    ...(variant.InstancePools && {
      InstancePools: variant.InstancePools.map(({ InstanceType }) => ({
        InstanceType,
        CurrentInstanceCount: inService.filter(({ type }) => type === InstanceType).length,
      })),
    }),
  };
}

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html */
export function describeComponent(
  { name, createdMillis, endpoint, workload }: HostedComponent,
  hosting: Hosting,
): object {
  const { serving } = workload;
  const types = new Map<string, Copy[]>();
  for (const copy of serving) {
    const type = copy.instance?.type ?? "";
    types.set(type, [...(types.get(type) ?? []), copy]);
  }
  return {
    InferenceComponentName: name,
    InferenceComponentArn: hosting.arn("inference-component", name),
    EndpointName: endpoint.name,
    EndpointArn: hosting.arn("endpoint", endpoint.name),
    VariantName: workload.identity.variantName,
    InferenceComponentStatus: workload.status,
    ...(workload.failureReason !== undefined && { FailureReason: workload.failureReason }),
    CreationTime: seconds(createdMillis),
    LastModifiedTime: seconds(workload.modifiedMillis),
    ...workload.revision.asked,
    ...(workload.deployment && { LastDeploymentConfig: workload.deployment }),
    RuntimeConfig: {
      DesiredCopyCount: workload.desired,
      CurrentCopyCount: serving.length,
      ...(types.size > 0 && {
        PlacementStatus: [...types].map(([InstanceType, copies]) => ({
          InstanceType,
          CurrentCopyCount: copies.length,
        })),
      }),
    },
  };
}
