/** Everything that an environment is billed for. A new kind of cost is a row here, and a file beside the others. */
import type { Component, ComponentName } from "./component.ts";
import { apiGateway, egress, firewall } from "./components/front-door.ts";
import { gpu } from "./components/gpu.ts";
import { lambdaCompute, lambdaRequests, lambdaStreaming } from "./components/lambda.ts";
import { cache, dynamoDb, s3 } from "./components/stores.ts";
import { idle, logs } from "./components/watching.ts";

export const COMPONENTS: Readonly<Record<ComponentName, Component>> = {
  "lambda-compute": lambdaCompute,
  "lambda-requests": lambdaRequests,
  "lambda-streaming": lambdaStreaming,
  "api-gateway": apiGateway,
  firewall,
  gpu,
  cache,
  dynamodb: dynamoDb,
  s3,
  logs,
  egress,
  idle,
};
