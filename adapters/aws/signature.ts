/**
 * AWS Signature Version 4 for the few requests of the serving path: plain paths, no query but sorted pairs, the body known.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 * Why not the SDK: docs/decisions (its clients cost a cold start 70 ms). Tests hold it to AWS's examples and to the SDK.
 */
import { createHmac, hash } from "node:crypto";
import type { AwsCredentials } from "./credentials.ts";

export interface UnsignedRequest {
  readonly method: string;
  /** Host with port, where the port is not the scheme's own. */
  readonly host: string;
  /** Path with every segment URI-encoded once. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

export interface SigningScope {
  readonly region: string;
  /** `dynamodb`, `lambda`, `s3`. */
  readonly service: string;
}

interface SigningKey {
  readonly id: string;
  readonly key: Buffer;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

/** A signer keeps the key that it derived: it changes once a day. */
export function createSigner(scope: SigningScope, credentials: AwsCredentials) {
  let current: SigningKey | undefined;

  function signingKey(day: string): Buffer {
    if (current?.id !== day) {
      const steps = [day, scope.region, scope.service, "aws4_request"];
      const seed: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
      current = { id: day, key: steps.reduce((key, step) => createHmac("sha256", key).update(step).digest(), seed) };
    }
    return current.key;
  }

  /** The headers to send: those given, and the signature's own. */
  return function sign(request: UnsignedRequest, nowMillis: number): Record<string, string> {
    const timestamp = new Date(nowMillis).toISOString().replace(/[-:]|\.\d{3}/g, "");
    const day = timestamp.slice(0, 8);
    const bodyHash = hash("sha256", request.body, "hex");
    const headers: Record<string, string> = { ...request.headers, host: request.host, "x-amz-date": timestamp };
    if (scope.service === "s3") headers["x-amz-content-sha256"] = bodyHash;
    if (credentials.sessionToken !== undefined) headers["x-amz-security-token"] = credentials.sessionToken;

    const names = Object.keys(headers).sort();
    const signedHeaders = names.join(";");
    const canonicalRequest = [
      request.method,
      // Every service but S3 encodes the path a second time for the signature.
      scope.service === "s3" ? request.path : request.path.split("/").map(uriEncode).join("/"),
      canonicalQuery(request.query ?? {}),
      ...names.map((name) => `${name}:${(headers[name] as string).trim().replace(/\s+/g, " ")}`),
      "",
      signedHeaders,
      bodyHash,
    ].join("\n");

    const scopePath = `${day}/${scope.region}/${scope.service}/aws4_request`;
    const stringToSign = [ALGORITHM, timestamp, scopePath, hash("sha256", canonicalRequest, "hex")].join("\n");
    const signature = createHmac("sha256", signingKey(day)).update(stringToSign).digest("hex");
    headers.authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scopePath}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
    return headers;
  };
}

/** RFC 3986: encodeURIComponent leaves five characters that AWS wants encoded. */
export const uriEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

export const canonicalQuery = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${uriEncode(name)}=${uriEncode(value)}`)
    .sort()
    .join("&");
