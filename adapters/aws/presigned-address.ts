/**
 * An address that S3 takes one request at, with the signature in its query.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
 */
import { createHmac, hash } from "node:crypto";
import type { AwsCredentials } from "./credentials.ts";
import { canonicalQuery, type SigningScope } from "./signature.ts";

export interface PresignedRequest {
  readonly method: "PUT" | "GET";
  /** `https://s3.eu-central-1.amazonaws.com` */
  readonly endpoint: string;
  /** Path with every segment URI-encoded once. */
  readonly path: string;
  /** Lower-case names; whoever uses the address must send them just so. */
  readonly headers: Readonly<Record<string, string>>;
  readonly forSeconds: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

export function presignedAddress(
  { method, endpoint, path, headers, forSeconds }: PresignedRequest,
  { region, service }: SigningScope,
  credentials: AwsCredentials,
  nowMillis: number,
): string {
  const url = new URL(endpoint);
  const timestamp = new Date(nowMillis).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = timestamp.slice(0, 8);
  const scopePath = `${day}/${region}/${service}/aws4_request`;
  const signed: Record<string, string> = { ...headers, host: url.host };
  const names = Object.keys(signed).sort();
  const query = canonicalQuery({
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${credentials.accessKeyId}/${scopePath}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(forSeconds),
    "X-Amz-SignedHeaders": names.join(";"),
    ...(credentials.sessionToken !== undefined && { "X-Amz-Security-Token": credentials.sessionToken }),
  });
  const canonicalRequest = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${signed[name]}`),
    "",
    names.join(";"),
    "UNSIGNED-PAYLOAD",
  ].join("\n");
  const stringToSign = [ALGORITHM, timestamp, scopePath, hash("sha256", canonicalRequest, "hex")].join("\n");
  const key = [day, region, service, "aws4_request"].reduce<Buffer>(
    (parent, step) => createHmac("sha256", parent).update(step).digest(),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  return `${url.origin}${path}?${query}&X-Amz-Signature=${createHmac("sha256", key).update(stringToSign).digest("hex")}`;
}
