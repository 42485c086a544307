/** Which endpoint a request would go by: services sign with one name and are reached by another. */
import type { IncomingMessage } from "node:http";

/** SageMaker's runtime is an address of its own. https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html */
const RUNTIME_PATH = /^\/endpoints\/[^/]+\/(?:async-)?invocations/;

export function endpointServiceOf(signingName: string, { url = "" }: Pick<IncomingMessage, "url">): string {
  if (signingName !== "sagemaker") return signingName;
  return RUNTIME_PATH.test(url) ? "sagemaker.runtime" : "sagemaker.api";
}
