/**
 * A deployment, reached as any administrator reaches it: CloudFormation says what its resources are called, then S3 and
 * DynamoDB. On this machine and in an account alike; only endpoint and credentials differ.
 */
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { createApiKeyStore } from "../adapters/dynamodb/api-key-store.ts";
import { createModelRegistry } from "../adapters/dynamodb/model-registry.ts";
import { createArtifactStore } from "../adapters/s3/artifact-store.ts";
import type { ArtifactStore } from "../core/models/artifact-store.ts";
import type { ModelRegistry } from "../core/models/registry.ts";
import type { ApiKeyStore } from "../core/tenants/key.ts";
import { runningPlatform, stateDirectoryOf } from "./platform-file.ts";

export interface Deployment {
  readonly environment: string;
  readonly registry: ModelRegistry;
  readonly store: ArtifactStore;
  readonly keys: ApiKeyStore;
}

interface ClientSettings {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** Environments that run on this machine; the others live in an AWS account. */
const ON_THIS_MACHINE = new Set(["local", "onprem"]);

/** Throws an Error that says what to do when nothing of that environment can be found. */
export async function openDeployment(environment: string, stateDirectory?: string): Promise<Deployment> {
  const settings = clientSettings(environment, stateDirectory);
  const outputs = await outputsOf(environment, `farthing-${environment}-data`, settings);
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value === undefined)
      throw new Error(`the stack farthing-${environment}-data has no output "${name}": deploy it again`);
    return value;
  };
  const dynamodb = new DynamoDBClient(settings);
  return {
    environment,
    registry: createModelRegistry({ client: dynamodb, tableName: output("RegistryTable") }),
    keys: createApiKeyStore({ client: dynamodb, tableName: output("TenantsTable") }),
    store: createArtifactStore({ client: new S3Client(settings), bucket: output("ModelBucket") }),
  };
}

/** Of an AWS SDK client that speaks to the deployment. Throws an Error that says how to start a platform that does not run. */
export function clientSettings(environment: string, stateDirectory = stateDirectoryOf(environment)): ClientSettings {
  if (!ON_THIS_MACHINE.has(environment)) return {};
  const platform = runningPlatform(stateDirectory);
  if (platform === undefined) {
    throw new Error(`no platform runs from ${stateDirectory}. Start it: farthing up --env ${environment}`);
  }
  return { endpoint: platform.awsEndpointUrl, region: platform.region, credentials: platform.credentials };
}

async function outputsOf(
  environment: string,
  stack: string,
  settings: ClientSettings,
): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(settings);
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return new Map(
      (Stacks?.[0]?.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]),
    );
  } catch (error) {
    throw new Error(
      `the stack ${stack} cannot be read: ${(error as Error).message}. Is ${environment} deployed, and are the credentials those of its account?`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
