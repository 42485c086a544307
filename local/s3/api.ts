import { writeError } from "../endpoint/error-form.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import type { BucketMetrics } from "./bucket-metrics.ts";
import { bucketOf, type S3Store } from "./operation.ts";
import { operationOf } from "./operations.ts";
import { readS3Request } from "./request.ts";

/** S3's REST API: bodies stream, so permissions come from the request line and headers alone. */
export function createS3Api(store: S3Store, metrics?: BucketMetrics): AwsService {
  const read = (request: AwsRequest) => {
    const s3Request = readS3Request(request);
    return { s3Request, operation: operationOf(s3Request) };
  };
  return {
    signingName: "s3",
    buffersBody: false,
    permissions(request) {
      const { s3Request, operation } = read(request);
      return operation.permissions(s3Request);
    },
    async handle(request, response) {
      const { s3Request, operation } = read(request);
      try {
        await operation.handle(s3Request, store, response);
        if (changesObjects(operation.method)) metrics?.stored(bucketOf(s3Request, store));
      } finally {
        metrics?.requested(s3Request.bucket, operation);
      }
    },
    deny: (_request, response, message) => writeError(response, "s3", { status: 403, code: "AccessDenied", message }),
  };
}

const changesObjects = (method: string): boolean => method === "PUT" || method === "POST" || method === "DELETE";
