/**
 * What the router may do with GPU endpoints: call the models on them, see whether a copy serves, and ask for one. Nothing else
 * of SageMaker. https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
 */
import type { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Stack } from "aws-cdk-lib/core";
import type { EndpointRoute } from "../../endpoint-routes.ts";
import { allow } from "../allow.ts";
import { sagemakerArn } from "../gpu-endpoint/names.ts";

export function endpointStatements(
  stack: Stack,
  bucketArn: string,
  routes: readonly EndpointRoute[],
): readonly PolicyStatement[] {
  if (routes.length === 0) return [];
  const endpoints = [...new Set(routes.map(({ endpoint }) => endpoint))];
  const components = routes.map(({ component }) => sagemakerArn(stack, "inference-component", component));
  const queues = routes.flatMap(({ asynchronous }) => (asynchronous === undefined ? [] : [asynchronous]));
  const keys = new Set(
    routes.flatMap(({ asynchronous, kmsKeyArn }) => (asynchronous && kmsKeyArn !== undefined ? [kmsKeyArn] : [])),
  );
  const folders = (...names: string[]) =>
    queues.flatMap(({ prefix }) => names.map((name) => `${bucketArn}/${prefix}${name}/*`));
  return [
    // SageMaker checks both, the endpoint and the component that a call names.
    allow(
      "InvokeModels",
      ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointWithResponseStream"],
      [...endpoints.map((endpoint) => sagemakerArn(stack, "endpoint", endpoint)), ...components],
    ),
    allow(
      "WakeModels",
      ["sagemaker:DescribeInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig"],
      components,
    ),
    // One that is being created has no component yet.
    allow(
      "SeeEndpoints",
      ["sagemaker:DescribeEndpoint"],
      endpoints.map((endpoint) => sagemakerArn(stack, "endpoint", endpoint)),
    ),
    ...(queues.length === 0
      ? []
      : [
          allow(
            "QueueRequests",
            ["sagemaker:InvokeEndpointAsync"],
            queues.map(({ endpoint }) => sagemakerArn(stack, "endpoint", endpoint)),
          ),
          allow("WriteQueuedRequests", ["s3:PutObject"], folders("requests")),
          allow("ReadQueuedAnswers", ["s3:GetObject"], folders("results", "failures")),
          ...(keys.size === 0 ? [] : [allow("DecryptAnswers", ["kms:Decrypt"], [...keys])]),
        ]),
  ];
}
