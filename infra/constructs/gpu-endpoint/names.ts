/**
 * Names of our choosing, so that the router's stack can say what it may call without importing from this one. An export in use
 * could not be removed.
 */
import { ArnFormat, type Stack } from "aws-cdk-lib/core";

/** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateInferenceComponent.html */
const MAX_NAME_LENGTH = 63;

export const VARIANT_NAME = "main";

export const endpointName = (environment: string, endpoint: string): string =>
  checked(`farthing-${environment}-${endpoint}`);

/** For requests by way of S3: SageMaker's asynchronous calls cannot name an inference component. */
export const asyncEndpointName = (environment: string, model: string): string =>
  checked(`${componentName(environment, model)}-async`);

/** Folder of the model bucket; below it lie `requests/`, `results/` and `failures/`. */
export const asyncPrefix = (model: string): string => `async/${model}/`;

/** SageMaker takes letters, digits and hyphens; a model's name may also have dots and underscores. */
export const componentName = (environment: string, model: string): string =>
  checked(`farthing-${environment}-${model.replace(/[._]+/g, "-")}`);

export const sagemakerArn = (stack: Stack, kind: "endpoint" | "inference-component", name: string): string =>
  stack.formatArn({
    service: "sagemaker",
    resource: kind,
    resourceName: name,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });

function checked(name: string): string {
  if (name.length <= MAX_NAME_LENGTH) return name;
  throw new Error(`"${name}" has ${name.length} characters; SageMaker takes ${MAX_NAME_LENGTH}: choose a shorter name`);
}
