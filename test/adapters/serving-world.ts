/**
 * Everything a serving function reaches, running here: S3 and DynamoDB behind an endpoint that checks signatures and
 * permissions, and what the CLI does to publish a model and to make a key.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { S3Client } from "@aws-sdk/client-s3";
import { createApiKeyStore } from "../../adapters/dynamodb/api-key-store.ts";
import { createModelRegistry } from "../../adapters/dynamodb/model-registry.ts";
import { createTenantStore } from "../../adapters/dynamodb/tenant-store.ts";
import { inspectModel } from "../../adapters/onnx/inspect-model.ts";
import { servingFiles } from "../../adapters/onnx/serving-files.ts";
import { createArtifactStore } from "../../adapters/s3/artifact-store.ts";
import type { ModelCard } from "../../core/models/card.ts";
import { sha256Hex } from "../../core/models/digest.ts";
import type { Manifest } from "../../core/models/manifest.ts";
import type { ModelRecord, ModelVersion } from "../../core/models/registry.ts";
import { type ApiKeyRecord, apiKeyPrefix, generateApiKey, hashApiKey } from "../../core/tenants/key.ts";
import { newTenant } from "../../core/tenants/tenant.ts";
import { createDynamoDbSimulator } from "../../local/dynamodb/simulator.ts";
import { createS3Simulator } from "../../local/s3/simulator.ts";
import { startEndpoint } from "../local/endpoint/running-endpoint.ts";

export const BUCKET = "models";
export const REGISTRY_TABLE = "registry";
export const TENANTS_TABLE = "tenants";
const ACCOUNT = "arn:aws:dynamodb:us-east-1:123456789012";

/** What infra gives the serving function's role, and no more. */
const ROLE_STATEMENTS = [
  { Effect: "Allow", Action: ["s3:GetObject"], Resource: `arn:aws:s3:::${BUCKET}/*` },
  {
    Effect: "Allow",
    Action: ["dynamodb:GetItem", "dynamodb:Query"],
    Resource: [`${ACCOUNT}:table/${REGISTRY_TABLE}`, `${ACCOUNT}:table/${TENANTS_TABLE}`],
  },
];

export type ServingWorld = Awaited<ReturnType<typeof startServingWorld>>;

export async function startServingWorld(statements: readonly object[] = ROLE_STATEMENTS) {
  const endpoint = await startEndpoint((context, access) => [
    createS3Simulator(context, { access }),
    createDynamoDbSimulator(context),
  ]);
  await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: BUCKET });
  await endpoint.create("AWS::DynamoDB::Table", "Registry", tableProperties(REGISTRY_TABLE, ["pk", "sk"]));
  await endpoint.create("AWS::DynamoDB::Table", "Tenants", tableProperties(TENANTS_TABLE, ["pk"]));
  const dynamodb = new DynamoDBClient(endpoint.asOperator);
  const s3 = new S3Client(endpoint.asOperator);
  const registry = createModelRegistry({ client: dynamodb, tableName: REGISTRY_TABLE });
  const keys = createApiKeyStore({ client: dynamodb, tableName: TENANTS_TABLE });
  const tenants = createTenantStore({ client: dynamodb, tableName: TENANTS_TABLE });
  const artifacts = createArtifactStore({ client: s3, bucket: BUCKET });
  const { credentials } = await endpoint.asRole(statements);

  return {
    endpoint,
    dynamodb,
    s3,
    registry,
    keys,
    tenants,
    artifacts,
    /** Environment variables of a serving function that may do what `statements` allow. */
    variables: {
      AWS_REGION: "us-east-1",
      AWS_ENDPOINT_URL: endpoint.url,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_SESSION_TOKEN: credentials.sessionToken ?? "",
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "1024",
      FARTHING_ENVIRONMENT: "local",
      FARTHING_DEPLOYMENT: "small",
      FARTHING_MODEL_GROUP: "small",
      FARTHING_REGISTRY_TABLE: REGISTRY_TABLE,
      FARTHING_TENANTS_TABLE: TENANTS_TABLE,
      FARTHING_MODEL_BUCKET: BUCKET,
      POWERTOOLS_SERVICE_NAME: "farthing-small",
      POWERTOOLS_METRICS_NAMESPACE: "Farthing",
    },
    async publish(directory: string, card: ModelCard): Promise<ModelRecord> {
      const signature = await inspectModel(directory, card);
      const files = servingFiles(card).map((path) => {
        const content = readFileSync(join(directory, path));
        return { path, bytes: content.length, sha256: sha256Hex(content), content };
      });
      for (const { sha256, content } of files) await artifacts.writeBlob(sha256, content);
      const manifest: Manifest = {
        schema: "farthing.manifest/1",
        card,
        signature,
        files: files.map(({ path, bytes, sha256 }) => ({ path, bytes, sha256 })),
      };
      const digest = await artifacts.writeManifest(card.name, manifest);
      const version: ModelVersion = {
        digest,
        createdAt: "2026-11-24T00:00:00.000Z",
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        task: card.task,
        price: card.price,
        signature,
      };
      return putVersion(version, card);
    },
    putVersion,
    async createKey(overrides: Partial<ApiKeyRecord> = {}): Promise<string> {
      const key = generateApiKey(randomBytes(32));
      const tenant = overrides.tenant ?? "acme";
      if ((await tenants.find(tenant)) === undefined) await tenants.put(newTenant(tenant, "2026-11-24T00:00:00.000Z"));
      await keys.put({
        hash: hashApiKey(key),
        tenant,
        name: "test",
        prefix: apiKeyPrefix(key),
        createdAt: "2026-11-24T00:00:00.000Z",
        state: "active",
        ...overrides,
      });
      return key;
    },
    async stop(): Promise<void> {
      dynamodb.destroy();
      s3.destroy();
      await endpoint.stop();
    },
  };

  async function putVersion(version: ModelVersion, card: Pick<ModelCard, "name" | "placement">): Promise<ModelRecord> {
    const before = await registry.get(card.name);
    const record: ModelRecord = {
      name: card.name,
      revision: (before?.revision ?? 0) + 1,
      group: card.placement.group,
      versions: [version, ...(before?.versions ?? []).filter(({ digest }) => digest !== version.digest)],
      weights: { [version.digest]: 1 },
      live: version.digest,
      history: [{ at: version.createdAt, action: "publish", to: version.digest }, ...(before?.history ?? [])],
    };
    await registry.put(record);
    return record;
  }
}

const tableProperties = (name: string, keys: readonly string[]) => ({
  TableName: name,
  KeySchema: keys.map((key, index) => ({ AttributeName: key, KeyType: index === 0 ? "HASH" : "RANGE" })),
  AttributeDefinitions: keys.map((key) => ({ AttributeName: key, AttributeType: "S" })),
  BillingMode: "PAY_PER_REQUEST",
});
