import type { Credentials } from "../../simulator.ts";
import type { ContainerCommand } from "./command.ts";

interface ContainerFacts {
  readonly command: ContainerCommand;
  readonly image: string;
  /** What model or component set. */
  readonly variables: Readonly<Record<string, string>>;
  readonly port: number;
  readonly modelDirectory: string;
  readonly temporaryDirectory: string;
  readonly region: string;
  readonly awsEndpointUrl: string;
  /** Of the execution role; absent under network isolation, where a container gets none. */
  readonly credentials?: Credentials;
}

/** Everything that the process sees: nothing of the platform's own environment but where programs are found. */
export function containerEnvironment(facts: ContainerFacts): Record<string, string> {
  const { credentials } = facts;
  return {
    PATH: process.env.PATH ?? "/usr/bin:/bin",
    HOME: facts.temporaryDirectory,
    TMPDIR: facts.temporaryDirectory,
    AWS_REGION: facts.region,
    ...(credentials && {
      AWS_ENDPOINT_URL: facts.awsEndpointUrl,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken,
    }),
    ...facts.command.environment,
    ...facts.variables,
    SAGEMAKER_BIND_TO_PORT: String(facts.port),
    SM_MODEL_DIR: facts.modelDirectory,
    FARTHING_CONTAINER_IMAGE: facts.image,
  };
}
