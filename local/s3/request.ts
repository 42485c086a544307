import type { IncomingMessage } from "node:http";
import type { AwsRequest, Caller } from "../simulator.ts";
import { s3Error } from "./errors.ts";

/** A request as S3 reads it: the bucket and key out of host and path, the rest as it came. */
export interface S3Request {
  readonly method: string;
  readonly bucket: string | undefined;
  /** Decoded; dots and slashes are only characters in it. */
  readonly key: string | undefined;
  readonly query: URLSearchParams;
  readonly message: IncomingMessage;
  readonly caller: Caller;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024;

/**
 * The path is taken from the request line: the URL class would resolve `..`, which is an ordinary part of a key. Buckets
 * come first in the path, or in the host (`bucket.localhost`), as the SDK writes them.
 */
export function readS3Request({ message, url, caller }: AwsRequest): S3Request {
  const [path = "/"] = (message.url ?? "/").split("?");
  const hostBucket = /^(.+)\.localhost(?::\d+)?$/.exec(message.headers.host ?? "")?.[1];
  const segments = path.slice(1).split("/");
  const bucket = hostBucket ?? (decode(segments.shift() ?? "") || undefined);
  const key = decode(segments.join("/")) || undefined;
  if (key !== undefined && Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw s3Error(
      "KeyTooLongError",
      `Your key is too long: ${Buffer.byteLength(key)} bytes, at most ${MAX_KEY_BYTES}.`,
    );
  }
  return { method: message.method ?? "GET", bucket, key, query: url.searchParams, message, caller };
}

export function header(request: S3Request, name: string): string | undefined {
  const value = request.message.headers[name];
  return Array.isArray(value) ? value.join(",") : value;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw s3Error("InvalidURI", "The path is not valid percent-encoded UTF-8.");
  }
}
