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
import type { ClientSettings } from "./where.ts";

export interface Deployment {
  readonly environment: string;
  readonly registry: ModelRegistry;
  readonly store: ArtifactStore;
  readonly keys: ApiKeyStore;
}

/** Throws an Error that says what to do when the environment's stack cannot be read. */
export async function openDeployment(environment: string, settings: ClientSettings): Promise<Deployment> {
  const stack = `farthing-${environment}-data`;
  const outputs = await outputsOf(stack, environment, settings);
  const output = (name: string): string => {
    const value = outputs.get(name);
    if (value === undefined) throw new Error(`the stack ${stack} has no output "${name}": deploy it again`);
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

async function outputsOf(
  stack: string,
  environment: string,
  settings: ClientSettings,
): Promise<ReadonlyMap<string, string>> {
  const client = new CloudFormationClient(settings);
  try {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    const outputs = Stacks?.[0]?.Outputs ?? [];
    return new Map(outputs.map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue]));
  } catch (error) {
    throw new Error(
      `the stack ${stack} cannot be read: ${(error as Error).message}. Is ${environment} deployed, and are region and credentials those of its account?`,
      { cause: error },
    );
  } finally {
    client.destroy();
  }
}
