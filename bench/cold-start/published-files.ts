/** Presigned URLs of a model's files in the platform's bucket: the optimised ones that a publish stored, and the maker's own. */
import { readFileSync } from "node:fs";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createModelRegistry } from "../../adapters/dynamodb/model-registry.ts";
import { createArtifactStore } from "../../adapters/s3/artifact-store.ts";
import { blobKey } from "../../core/models/manifest.ts";
import { type DeployedFunction, platformClient } from "../deployed-function.ts";
import type { LocalPlatform } from "../local-platform.ts";
import type { MeasuredModel } from "../measured-models.ts";

export interface Downloads {
  readonly urls: Readonly<Record<string, string>>;
  readonly sizes: Readonly<Record<string, number>>;
}

export async function publishedFiles(model: MeasuredModel, platform: LocalPlatform, { variables }: DeployedFunction) {
  const settings = platformClient(platform);
  const client = new S3Client(settings);
  const bucket = variables.FARTHING_MODEL_BUCKET as string;
  const registry = createModelRegistry({
    client: new DynamoDBClient(settings),
    tableName: variables.FARTHING_REGISTRY_TABLE as string,
  });
  const record = await registry.get(model.name);
  const store = createArtifactStore({ client, bucket });
  const { card, files } = await store.readManifest(model.name, record?.live ?? "");
  const needed = [card.artifacts.model, ...(card.artifacts.externalData ?? [])];
  const graphs = files.filter(({ path }) => needed.includes(path));
  const original = readFileSync(model.graph);
  const originalKey = `bench/${model.name}.onnx`;
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: originalKey, Body: original }));
  const url = (key: string) =>
    getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), { expiresIn: 3_600 });
  const optimized: Downloads = {
    urls: Object.fromEntries(
      await Promise.all(graphs.map(async ({ path, sha256 }) => [path, await url(blobKey(sha256))] as const)),
    ),
    sizes: Object.fromEntries(graphs.map(({ path, bytes }) => [path, bytes])),
  };
  return {
    optimized,
    original: {
      urls: { "model.onnx": await url(originalKey) },
      sizes: { "model.onnx": original.length },
    } satisfies Downloads,
  };
}
