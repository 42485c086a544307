import { notImplemented, s3Error } from "./errors.ts";
import type { S3Operation } from "./operation.ts";
import { getBucketLocation, headBucket, listBuckets } from "./operations/buckets.ts";
import { copyObject } from "./operations/copy-object.ts";
import { deleteObject, deleteObjects } from "./operations/delete-objects.ts";
import { getObject, headObject } from "./operations/get-object.ts";
import { listObjectsV2 } from "./operations/list-objects.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
} from "./operations/multipart-upload.ts";
import { putObject } from "./operations/put-object.ts";
import { header, type S3Request } from "./request.ts";

/** Every operation that is simulated. Of two that fit a request, the one with a marker is meant. */
export const S3_OPERATIONS: readonly S3Operation[] = [
  listBuckets,
  headBucket,
  getBucketLocation,
  listObjectsV2,
  deleteObjects,
  createMultipartUpload,
  uploadPart,
  completeMultipartUpload,
  abortMultipartUpload,
  listParts,
  copyObject,
  putObject,
  getObject,
  headObject,
  deleteObject,
];

/** SDKs name the operation in `x-id`; the signature and hoisted headers of presigned URLs change nothing here. */
const NEUTRAL_PARAMETER = /^x-(?:id$|amz-)/i;

/** Throws NotImplemented for a request that another operation or an unknown parameter would be needed for. */
export function operationOf(request: S3Request): S3Operation {
  const level = request.bucket === undefined ? "service" : request.key === undefined ? "bucket" : "object";
  const fitting = S3_OPERATIONS.filter(({ method, on }) => method === request.method && on === level);
  const operation =
    fitting.find(({ marker }) => marker !== undefined && hasMarker(request, marker)) ??
    fitting.find(({ marker }) => marker === undefined);
  const named = [...request.query.keys()].filter((name) => !NEUTRAL_PARAMETER.test(name));
  if (operation === undefined) {
    if (fitting.length === 0)
      throw s3Error("MethodNotAllowed", `${request.method} is not allowed or not simulated here.`);
    throw notImplemented(
      `${request.method} of a ${level} with ${named.length === 0 ? "no parameter" : named.join(", ")}`,
    );
  }
  const marker = operation.marker !== undefined && "query" in operation.marker ? [operation.marker.query] : [];
  const understood = new Set([...marker, ...(operation.parameters ?? [])]);
  const unknown = named.find((name) => !understood.has(name));
  if (unknown !== undefined) throw notImplemented(`The parameter ${unknown} of ${operation.name}`);
  return operation;
}

function hasMarker(request: S3Request, marker: NonNullable<S3Operation["marker"]>): boolean {
  return "query" in marker ? request.query.has(marker.query) : header(request, marker.header) !== undefined;
}
