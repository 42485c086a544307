/**
 * A deployment, reached as any administrator reaches it: CloudFormation says what its resources are called, then S3 and
 * DynamoDB. On this machine and in an account alike; only endpoint and credentials differ.
 */
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { administeredTable } from "../adapters/dynamodb/administered-table.ts";
import { createApiKeyStore } from "../adapters/dynamodb/api-key-store.ts";
import { batchDataOn } from "../adapters/dynamodb/batch-table.ts";
import { fileDataOn } from "../adapters/dynamodb/file-table.ts";
import { onceDataOn } from "../adapters/dynamodb/idempotency-table.ts";
import { jobDataOn } from "../adapters/dynamodb/job-data.ts";
import { accountDirectoryOn } from "../adapters/dynamodb/lease-table.ts";
import { createModelRegistry } from "../adapters/dynamodb/model-registry.ts";
import { createTenantStore } from "../adapters/dynamodb/tenant-store.ts";
import { usageDataOn, usageStoreOn } from "../adapters/dynamodb/usage-table.ts";
import { type WebhookDirectory, webhookDataOn, webhookDirectoryOn } from "../adapters/dynamodb/webhook-table.ts";
import { createArtifactStore } from "../adapters/s3/artifact-store.ts";
import { objectDataOn } from "../adapters/s3/object-data.ts";
import { removeObjects } from "../adapters/s3/remove-objects.ts";
import { partsOf } from "../core/files/file.ts";
import { answerObjectsOf } from "../core/idempotency/kept-answer.ts";
import type { UsageStore } from "../core/metering/usage-store.ts";
import type { ArtifactStore } from "../core/models/artifact-store.ts";
import type { ModelRegistry } from "../core/models/registry.ts";
import { budgetData } from "../core/tenants/budget-data.ts";
import type { ApiKeyDirectory } from "../core/tenants/key.ts";
import type { TenantData } from "../core/tenants/manage-tenants.ts";
import type { TenantDirectory } from "../core/tenants/tenant.ts";
import type { ClientSettings, Where } from "./where.ts";

export interface Deployment {
  readonly environment: string;
  readonly registry: ModelRegistry;
  readonly store: ArtifactStore;
  readonly keys: ApiKeyDirectory;
  readonly tenants: TenantDirectory;
  readonly usage: UsageStore;
  /** Whom tenants may have called. */
  readonly webhooks: WebhookDirectory;
  /** Every kind of data that goes when its tenant goes, beside its keys. */
  readonly tenantData: readonly TenantData[];
}

export type OpenDeployment = (where: Where) => Promise<Deployment>;

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
  const tenantsTable = administeredTable(dynamodb, output("TenantsTable"));
  const usageTable = administeredTable(dynamodb, output("UsageTable"));
  const webhooks = webhookDirectoryOn(tenantsTable);
  const jobsTable = administeredTable(dynamodb, output("JobsTable"));
  const requestsTable = administeredTable(dynamodb, output("RequestsTable"));
  const s3 = new S3Client(settings);
  const objects = (bucket: string, what: string, prefixOf: (tenant: string) => string) =>
    objectDataOn({ what, prefixOf, removeAll: (prefix) => removeObjects(s3, output(bucket), prefix) });
  return {
    environment,
    registry: createModelRegistry({ client: dynamodb, tableName: output("RegistryTable") }),
    keys: createApiKeyStore({ client: dynamodb, tableName: output("TenantsTable") }),
    usage: usageStoreOn(usageTable),
    webhooks,
    tenantData: [
      usageDataOn(usageTable),
      // Batches before files: what still works on one finds no record to write to.
      batchDataOn(jobsTable),
      jobDataOn(jobsTable),
      fileDataOn(jobsTable),
      objects("FileBucket", "parts of files: what was uploaded, and what batches answered", partsOf),
      onceDataOn(requestsTable),
      objects("AnswerBucket", "recorded answers over 8 kB", answerObjectsOf),
      budgetData(accountDirectoryOn(tenantsTable)),
      webhookDataOn(webhooks),
    ],
    tenants: createTenantStore({ client: dynamodb, tableName: output("TenantsTable") }),
    store: createArtifactStore({ client: s3, bucket: output("ModelBucket") }),
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
