import type { SageMakerRuntimeClient } from "@aws-sdk/client-sagemaker-runtime";

/** Above the time of any request: the deadline ends it, not the socket. */
const LONGEST_SILENCE_MILLIS = 15 * 60 * 1000;

/**
 * The client, loaded and made with the first call. It knows the SDKs' own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`,
 * credentials). What to do about failures is decided by the router, which knows of other targets: the SDK tries once.
 */
export function runtimeClientFrom(
  variables: Readonly<Record<string, string | undefined>>,
): () => Promise<SageMakerRuntimeClient> {
  let made: Promise<SageMakerRuntimeClient> | undefined;
  async function make(): Promise<SageMakerRuntimeClient> {
    const { SageMakerRuntimeClient: Client } = await import("@aws-sdk/client-sagemaker-runtime");
    return new Client({
      ...(variables.AWS_REGION !== undefined && { region: variables.AWS_REGION }),
      maxAttempts: 1,
      requestHandler: { requestTimeout: LONGEST_SILENCE_MILLIS, connectionTimeout: 2_000 },
    });
  }
  return () => {
    made ??= make();
    return made;
  };
}
