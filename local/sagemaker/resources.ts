/** Every resource type of SageMaker hosting that has a meaning here. */

import * as z from "zod";
import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { ResourceBehaviour } from "../simulator.ts";
import { componentDefinition, endpointConfigDefinition, modelDefinition, resourceName } from "./definitions.ts";
import type { Hosting } from "./hosting/hosting.ts";

const MAX_NAME_LENGTH = 63;

const endpointProperties = z.object({ EndpointName: resourceName.optional(), EndpointConfigName: resourceName });

/** Names have no underscores, and do not end with a hyphen: what CloudFormation would make of a logical id. */
const nameOf = (resource: Parameters<typeof physicalName>[0]): string =>
  physicalName(resource, { maxLength: MAX_NAME_LENGTH }).replace(/[^a-zA-Z0-9-]/g, "-");

const TAGS = { Tags: "no policy here compares tags" };
const NETWORK = { VpcConfig: "containers are on this machine's network" };

export function sageMakerResources(hosting: Hosting): Readonly<Record<string, ResourceBehaviour>> {
  return {
    "AWS::SageMaker::Model": {
      honoured: ["Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "ModelName", "PrimaryContainer"],
      ignored: { ...TAGS, ...NETWORK, InferenceExecutionConfig: "a model here has one container" },
      async create(resource) {
        const definition = readProperties(resource, modelDefinition);
        const name = definition.ModelName ?? nameOf(resource);
        hosting.createModel(name, definition);
        return { ref: hosting.arn("model", name), attributes: { ModelName: name } };
      },
    },

    "AWS::SageMaker::EndpointConfig": {
      honoured: [
        "AsyncInferenceConfig",
        "EnableNetworkIsolation",
        "EndpointConfigName",
        "ExecutionRoleArn",
        "ProductionVariants",
      ],
      ignored: {
        ...TAGS,
        ...NETWORK,
        KmsKeyId: "the disk's own encryption applies",
        MetricsConfig: "metrics are published as they come",
      },
      async create(resource) {
        const definition = readProperties(resource, endpointConfigDefinition);
        const name = definition.EndpointConfigName ?? nameOf(resource);
        hosting.createConfig({ ...definition, EndpointConfigName: name });
        return { ref: hosting.arn("endpoint-config", name), attributes: { EndpointConfigName: name } };
      },
    },

    "AWS::SageMaker::Endpoint": {
      honoured: ["EndpointConfigName", "EndpointName"],
      ignored: {
        ...TAGS,
        DeploymentConfig: "a template that changed is a new run of the platform",
        ExcludeRetainedVariantProperties: "a template that changed is a new run of the platform",
        RetainAllVariantProperties: "a template that changed is a new run of the platform",
        RetainDeploymentConfig: "a template that changed is a new run of the platform",
      },
      async create(resource) {
        const { EndpointName, EndpointConfigName } = readProperties(resource, endpointProperties);
        const name = EndpointName ?? nameOf(resource);
        hosting.createEndpoint(name, EndpointConfigName);
        return { ref: hosting.arn("endpoint", name), attributes: { EndpointName: name } };
      },
    },

    "AWS::SageMaker::InferenceComponent": {
      honoured: [
        "EndpointName",
        "InferenceComponentName",
        "RuntimeConfig",
        "Specification",
        "Specifications",
        "VariantName",
      ],
      ignored: {
        ...TAGS,
        DeploymentConfig: "how a changed template is deployed; UpdateInferenceComponent here takes the same",
        EndpointArn: "the name says it",
      },
      async create(resource) {
        const definition = readProperties(resource, componentDefinition);
        const name = definition.InferenceComponentName ?? nameOf(resource);
        hosting.createComponent(name, definition);
        const arn = hosting.arn("inference-component", name);
        return { ref: arn, attributes: { InferenceComponentArn: arn, InferenceComponentName: name } };
      },
    },
  };
}
