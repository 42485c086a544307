/**
 * What ElastiCache takes for a password: a presigned request for the action `connect`, without its scheme. Made here, without a
 * call; the service takes it for 15 minutes, so each connection gets its own.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
 */
import { createHmac, hash } from "node:crypto";
import type { AwsCredentials } from "../aws/credentials.ts";
import { canonicalQuery } from "../aws/signature.ts";

export interface CacheIdentity {
  /** Name of the serverless cache. */
  readonly cache: string;
  /** Id of the user, which is its name, too. */
  readonly user: string;
  readonly region: string;
}

export const TOKEN_SECONDS = 900;
const ALGORITHM = "AWS4-HMAC-SHA256";
const EMPTY_BODY = hash("sha256", "", "hex");

export function connectToken(
  { cache, user, region }: CacheIdentity,
  credentials: AwsCredentials,
  nowMillis: number,
): string {
  const timestamp = new Date(nowMillis).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const day = timestamp.slice(0, 8);
  const scope = `${day}/${region}/elasticache/aws4_request`;
  const host = cache.toLowerCase();
  const query = canonicalQuery({
    Action: "connect",
    ResourceType: "ServerlessCache",
    User: user,
    "X-Amz-Algorithm": ALGORITHM,
    "X-Amz-Credential": `${credentials.accessKeyId}/${scope}`,
    "X-Amz-Date": timestamp,
    "X-Amz-Expires": String(TOKEN_SECONDS),
    ...(credentials.sessionToken !== undefined && { "X-Amz-Security-Token": credentials.sessionToken }),
    "X-Amz-SignedHeaders": "host",
  });
  const request = ["GET", "/", query, `host:${host}`, "", "host", EMPTY_BODY].join("\n");
  const seed: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  const key = [day, region, "elasticache", "aws4_request"].reduce(
    (current, step) => createHmac("sha256", current).update(step).digest(),
    seed,
  );
  const toSign = [ALGORITHM, timestamp, scope, hash("sha256", request, "hex")].join("\n");
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  return `${host}/?${query}&X-Amz-Signature=${signature}`;
}
