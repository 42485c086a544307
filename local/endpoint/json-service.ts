import type { ServerResponse } from "node:http";
import { gunzipSync } from "node:zlib";
import type { AwsRequest } from "../simulator.ts";
import { MAX_BODY_BYTES } from "./body.ts";
import { ServiceError } from "./service-error.ts";

/** What DynamoDB, CloudWatch and CloudWatch Logs share: JSON over POST, the operation's name in `X-Amz-Target`. */
export interface JsonCall {
  /** `GetItem` */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** `targetPrefix` is what stands before the dot: `DynamoDB_20120810`. Throws ServiceError when the call cannot be read. */
export function readJsonCall(request: AwsRequest, targetPrefix: string): JsonCall {
  const target = String(request.message.headers["x-amz-target"] ?? "");
  const [prefix, operation, ...rest] = target.split(".");
  if (prefix !== targetPrefix || !operation || rest.length > 0) {
    throw new ServiceError(
      400,
      "UnknownOperationException",
      `X-Amz-Target is "${target}"; this service's targets begin with "${targetPrefix}."`,
    );
  }
  let input: unknown;
  try {
    input = JSON.parse(decodeBody(request).toString("utf8") || "{}");
  } catch (error) {
    throw new ServiceError(400, "SerializationException", `The body is not JSON: ${(error as Error).message}`);
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new ServiceError(400, "SerializationException", "The body is not a JSON object.");
  }
  return { operation, input: input as Record<string, unknown> };
}

/** SDKs compress what they send to CloudWatch from 10 KiB on. */
function decodeBody({ message, body = Buffer.alloc(0) }: AwsRequest): Buffer {
  return message.headers["content-encoding"] === "gzip" ? gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES }) : body;
}

export function writeJson(response: ServerResponse, output: unknown, contentType = "application/x-amz-json-1.1"): void {
  const body = Buffer.from(JSON.stringify(output));
  response.writeHead(200, { "content-type": contentType, "content-length": body.length });
  response.end(body);
}
