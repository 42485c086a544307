/**
 * A model's files, from S3 into a folder, with the rights of the execution role: what SageMaker does before it starts a
 * container. https://docs.aws.amazon.com/sagemaker/latest/dg/large-model-inference-uncompressed.html
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Credentials } from "../../simulator.ts";
import type { ContainerDefinition } from "../definitions.ts";

export type ModelData =
  | { readonly type: "none" }
  /** All objects below the prefix, as they are. */
  | { readonly type: "prefix"; readonly bucket: string; readonly prefix: string }
  /** One archive, unpacked. */
  | { readonly type: "archive"; readonly bucket: string; readonly key: string };

export function modelDataOf({
  ModelDataSource,
  ModelDataUrl,
}: Pick<ContainerDefinition, "ModelDataSource" | "ModelDataUrl">): ModelData {
  const source = ModelDataSource?.S3DataSource;
  const uri = source?.S3Uri ?? ModelDataUrl;
  if (uri === undefined) return { type: "none" };
  const { bucket, key } = parseS3Uri(uri);
  return source?.CompressionType === "None"
    ? { type: "prefix", bucket, prefix: key }
    : { type: "archive", bucket, key };
}

/** `s3://bucket/key`; an `https://` address is not fetched from here. Throws an Error in words. */
export function parseS3Uri(uri: string): { readonly bucket: string; readonly key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  if (bucket === undefined || key === undefined)
    throw new Error(`${uri} is no s3:// address; others are not read here`);
  return { bucket, key };
}

export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

export const s3ClientOf = ({ endpoint, region, credentials }: S3Access): S3Client =>
  new S3Client({ endpoint, region, forcePathStyle: true, credentials, maxAttempts: 2 });

/** Rejects with an Error in words. What an earlier try left in the folder is removed. */
export async function fetchModelData(
  data: ModelData,
  directory: string,
  access: S3Access,
  signal: AbortSignal,
): Promise<void> {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  if (data.type === "none") return;
  const client = s3ClientOf(access);
  try {
    if (data.type === "archive") await unpack(await open(client, data.bucket, data.key, signal), directory);
    else await copyPrefix(client, data, directory, signal);
  } finally {
    client.destroy();
  }
}

async function copyPrefix(
  client: S3Client,
  { bucket, prefix }: { readonly bucket: string; readonly prefix: string },
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  let found = 0;
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token && { ContinuationToken: token }) }),
      { abortSignal: signal },
    );
    for (const { Key: key } of page.Contents ?? []) {
      if (key === undefined || key.endsWith("/")) continue;
      const name = normalize(key.slice(prefix.length).replace(/^\/+/, "") || (key.split("/").at(-1) as string));
      if (name.startsWith("..")) throw new Error(`the key ${key} leads out of the model's folder`);
      await mkdir(dirname(join(directory, name)), { recursive: true });
      await pipeline(await open(client, bucket, key, signal), createWriteStream(join(directory, name)), { signal });
      found++;
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
  if (found === 0) throw new Error(`there is no object at s3://${bucket}/${prefix}`);
}

async function open(client: S3Client, bucket: string, key: string, signal: AbortSignal): Promise<Readable> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
  return Body as Readable;
}

async function unpack(archive: Readable, directory: string): Promise<void> {
  const tar = spawn("tar", ["-xz", "-C", directory], { stdio: ["pipe", "ignore", "ignore"] });
  const ended = once(tar, "exit");
  await pipeline(archive, tar.stdin);
  const [status] = await ended;
  if (status !== 0) throw new Error(`the archive is no tar.gz (tar ended with ${String(status)})`);
}
