import { writeError } from "../endpoint/error-form.ts";
import type { AwsRequest, AwsService } from "../simulator.ts";
import type { S3Store } from "./operation.ts";
import { operationOf } from "./operations.ts";
import { readS3Request } from "./request.ts";

/** S3's REST API: bodies stream, so permissions come from the request line and headers alone. */
export function createS3Api(store: S3Store): AwsService {
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
      await operation.handle(s3Request, store, response);
    },
    deny: (_request, response, message) => writeError(response, "s3", { status: 403, code: "AccessDenied", message }),
  };
}
