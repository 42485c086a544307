/**
 * How many copies of a model there are, and how many there shall be. By the service's own JSON protocol: the SDK's client for
 * the control plane is 2 MB of code, for two calls.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html
 */
import type { Copies } from "../../core/routing/wake/shared-wake.ts";
import type { SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../aws/transport.ts";

const SILENCE_TIMEOUT_MILLIS = 5_000;

interface Description {
  readonly InferenceComponentStatus: string;
  readonly FailureReason?: string;
  readonly RuntimeConfig?: { readonly CurrentCopyCount?: number; readonly DesiredCopyCount?: number };
}

/** Rejects with AwsServiceError or NoAnswer. */
export function inferenceComponentsOn(client: SignedClient): Copies {
  async function call(operation: string, input: object): Promise<string> {
    const response = await client.send({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `SageMaker.${operation}` },
      body: JSON.stringify(input),
      silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
      retry: "always",
    });
    return (await readBody(response)).toString();
  }

  return {
    async describe(component) {
      const body = await call("DescribeInferenceComponent", { InferenceComponentName: component });
      const {
        InferenceComponentStatus: status,
        FailureReason: failure,
        RuntimeConfig,
      } = JSON.parse(body) as Description;
      return {
        status,
        copies: RuntimeConfig?.CurrentCopyCount ?? 0,
        desired: RuntimeConfig?.DesiredCopyCount ?? 0,
        ...(failure !== undefined && { failure }),
      };
    },
    /** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateInferenceComponentRuntimeConfig.html */
    async setCopies(component, copies) {
      await call("UpdateInferenceComponentRuntimeConfig", {
        InferenceComponentName: component,
        DesiredRuntimeConfig: { CopyCount: copies },
      });
    },
  };
}
