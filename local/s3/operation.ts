import type { ServerResponse } from "node:http";
import { type XmlElements, xmlDocument } from "../endpoint/xml.ts";
import type { AccessControl, RequiredPermission } from "../simulator.ts";
import type { Bucket } from "./bucket.ts";
import { s3Error } from "./errors.ts";
import { header, type S3Request } from "./request.ts";

/** One operation of S3's API: how it is told apart, what it needs, what it does. */
export interface S3Operation {
  readonly name: string;
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly on: "service" | "bucket" | "object";
  /** Query parameter or header without which the request is another operation. */
  readonly marker?: { readonly query: string } | { readonly header: string };
  /** Further query parameters that it understands; any other is refused. */
  readonly parameters?: readonly string[];
  permissions(request: S3Request): readonly RequiredPermission[];
  handle(request: S3Request, store: S3Store, response: ServerResponse): Promise<void>;
}

export interface S3Store {
  readonly region: string;
  readonly access: Pick<AccessControl, "evaluate">;
  readonly clock: () => number;
  buckets(): readonly Bucket[];
}

const NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/";

export const bucketArn = (bucket: string | undefined) => `arn:aws:s3:::${bucket ?? ""}`;
export const objectArn = (bucket: string | undefined, key: string | undefined) => `${bucketArn(bucket)}/${key ?? ""}`;

export function onObject(action: string): (request: S3Request) => readonly RequiredPermission[] {
  return ({ bucket, key }) => [{ action, resourceArn: objectArn(bucket, key) }];
}

export function bucketOf(request: S3Request, store: S3Store): Bucket {
  return bucketNamed(request.bucket, store);
}

export function bucketNamed(name: string | undefined, store: S3Store): Bucket {
  const bucket = store.buckets().find((candidate) => candidate.name === name);
  if (bucket !== undefined) return bucket;
  throw s3Error("NoSuchBucket", "The specified bucket does not exist", { details: { BucketName: name ?? "" } });
}

export function keyOf(request: S3Request): string {
  if (request.key === undefined) throw s3Error("InvalidURI", "The request names no object.");
  return request.key;
}

export function sendXml(response: ServerResponse, root: string, content: XmlElements): void {
  const body = Buffer.from(xmlDocument(root, content, NAMESPACE));
  response.writeHead(200, { "content-type": "application/xml", "content-length": body.length });
  response.end(body);
}

/** Without a body. */
export function sendEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers);
  response.end();
}

/** New objects are encrypted by S3's own key; clients may look for the header. */
export const ENCRYPTION_HEADER = { "x-amz-server-side-encryption": "AES256" } as const;

export const isoDate = (millis: number) => new Date(millis).toISOString();
/** HTTP dates, and with them S3's, have whole seconds. */
export const wholeSeconds = (millis: number) => Math.floor(millis / 1000) * 1000;

/** A header or, for the parts of a presigned URL, a query parameter. */
export function textOf(request: S3Request, name: string): string | undefined {
  return header(request, name) ?? request.query.get(name) ?? undefined;
}
