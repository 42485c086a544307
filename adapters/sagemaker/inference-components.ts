/**
 * How many copies of a model there are, and how many there shall be. By the service's own JSON protocol: the SDK's client for
 * the control plane is 2 MB of code, for three calls.
 * https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeInferenceComponent.html
 */
import type { Copies, CopyState } from "../../core/routing/wake/shared-wake.ts";
import { AwsServiceError, type SignedClient } from "../aws/signed-client.ts";
import { readBody } from "../http/transport.ts";

const SILENCE_TIMEOUT_MILLIS = 5_000;

interface Description {
  readonly InferenceComponentStatus: string;
  readonly FailureReason?: string;
  readonly RuntimeConfig?: { readonly CurrentCopyCount?: number; readonly DesiredCopyCount?: number };
}

interface EndpointDescription {
  readonly EndpointStatus: string;
  readonly FailureReason?: string;
  /** Seconds since the epoch. */
  readonly LastModifiedTime?: number;
}

export interface ComponentWorld {
  /** Name of the endpoint that a component is made on, and made after. */
  endpointOf(component: string): string | undefined;
  epochMillis(): number;
}

/** Between an endpoint that came into service and its component, a deployment has something else to do. */
const COMPONENT_FOLLOWS_WITHIN_MILLIS = 60_000;

/** Rejects with AwsServiceError or NoAnswer. */
export function inferenceComponentsOn(client: SignedClient, { endpointOf, epochMillis }: ComponentWorld): Copies {
  async function call<T>(operation: string, input: object): Promise<T> {
    const response = await client.send({
      method: "POST",
      path: "/",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `SageMaker.${operation}` },
      body: JSON.stringify(input),
      silenceTimeoutMillis: SILENCE_TIMEOUT_MILLIS,
      retry: "always",
    });
    const text = (await readBody(response)).toString();
    return (text === "" ? {} : JSON.parse(text)) as T;
  }

  /** A deployment makes the endpoint, which takes minutes, and only then the component. */
  async function beforeItsTime(component: string, notFound: unknown): Promise<CopyState> {
    const endpoint = endpointOf(component);
    if (endpoint === undefined) throw notFound;
    const {
      EndpointStatus: status,
      FailureReason,
      LastModifiedTime = 0,
    }: EndpointDescription = await call<EndpointDescription>("DescribeEndpoint", {
      EndpointName: endpoint,
    }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
      return { EndpointStatus: "Failed", FailureReason: `there is no endpoint ${endpoint}` };
    });
    const isNew = epochMillis() - LastModifiedTime * 1000 < COMPONENT_FOLLOWS_WITHIN_MILLIS;
    if (status === "Creating" || (status !== "Failed" && isNew)) return { status: "Creating", copies: 0, desired: 1 };
    const failure =
      FailureReason ?? `there is no component ${component} on the endpoint ${endpoint}, which is ${status}`;
    return { status: "Failed", copies: 0, desired: 0, failure };
  }

  return {
    async describe(component) {
      try {
        const found = await call<Description>("DescribeInferenceComponent", { InferenceComponentName: component });
        const { InferenceComponentStatus: status, FailureReason: failure, RuntimeConfig } = found;
        return {
          status,
          copies: RuntimeConfig?.CurrentCopyCount ?? 0,
          desired: RuntimeConfig?.DesiredCopyCount ?? 0,
          ...(failure !== undefined && { failure }),
        };
      } catch (error) {
        if (!isNotFound(error)) throw error;
        return beforeItsTime(component, error);
      }
    },
    /** https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateInferenceComponentRuntimeConfig.html */
    async setCopies(component, copies) {
      await call("UpdateInferenceComponentRuntimeConfig", {
        InferenceComponentName: component,
        DesiredRuntimeConfig: { CopyCount: copies },
      }).catch((error: unknown) => {
        // Another change was faster; the next look sees what came of it.
        if (!isValidation(error, /in[- ]progress/i)) throw error;
      });
    },
  };
}

/** SageMaker has no codes of their own for these, only the words: `Could not find inference component "…".` */
const isValidation = (error: unknown, words: RegExp): boolean =>
  error instanceof AwsServiceError && error.code === "ValidationException" && words.test(error.message);

const isNotFound = (error: unknown): boolean => isValidation(error, /could not find/i);
