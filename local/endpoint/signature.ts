import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { CredentialScope } from "./credential-scope.ts";

/**
 * Verifies Signature Version 4: a request with a wrong secret, or a presigned URL that somebody changed, is refused
 * here as it would be in the account. The signatures inside a chunked upload are not checked (S3's trailing checksum
 * guards those bytes).
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function signatureMatches(
  message: IncomingMessage,
  scope: CredentialScope,
  secretAccessKey: string,
  body: Buffer | undefined,
): boolean {
  const canonical = createHash("sha256")
    .update(canonicalRequest(message, scope, body))
    .digest("hex");
  const credentialScope = `${scope.date}/${scope.region}/${scope.service}/aws4_request`;
  const stringToSign = `AWS4-HMAC-SHA256\n${scope.timestamp}\n${credentialScope}\n${canonical}`;
  const expected = hmac(signingKey(secretAccessKey, scope), stringToSign);
  return timingSafeEqual(expected, Buffer.from(scope.signature, "hex"));
}

/** Headers that change what S3 does may not be added to a presigned URL: S3 refuses those that are not signed. */
export function unsignedHeaders(message: IncomingMessage, scope: CredentialScope): string[] {
  return Object.keys(message.headers).filter(
    (name) => name.startsWith("x-amz-") && name !== "x-amz-content-sha256" && !scope.signedHeaders.includes(name),
  );
}

function canonicalRequest(message: IncomingMessage, scope: CredentialScope, body: Buffer | undefined): string {
  const target = message.url ?? "/";
  const queryAt = target.indexOf("?");
  const path = queryAt < 0 ? target : target.slice(0, queryAt);
  const query = queryAt < 0 ? "" : target.slice(queryAt + 1);
  return [
    message.method,
    canonicalPath(path, scope.service),
    canonicalQuery(query),
    ...scope.signedHeaders.map((name) => `${name}:${headerValue(message, name)}`),
    "",
    scope.signedHeaders.join(";"),
    payloadHash(message, scope, body),
  ].join("\n");
}

/** S3 signs the path as it is sent; the others encode it a second time and drop dot segments. */
function canonicalPath(path: string, service: string): string {
  const segments = path.split("/").map((segment) => strictEncode(decode(segment)));
  if (service === "s3") return segments.join("/");
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === "..") kept.pop();
    else if (segment !== "." && segment !== "") kept.push(segment);
  }
  const trailing = kept.length > 0 && path.endsWith("/") ? "/" : "";
  return `/${kept.map(strictEncode).join("/")}${trailing}`;
}

function canonicalQuery(query: string): string {
  return query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => {
      const at = pair.indexOf("=");
      const name = at < 0 ? pair : pair.slice(0, at);
      const value = at < 0 ? "" : pair.slice(at + 1);
      return [strictEncode(decode(name)), strictEncode(decode(value))] as const;
    })
    .filter(([name]) => name !== "X-Amz-Signature")
    .sort(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function headerValue(message: IncomingMessage, name: string): string {
  return (message.headersDistinct[name] ?? []).map((value) => value.trim().replace(/ {2,}/g, " ")).join(",");
}

/** S3 names the hash of its body in a header, and checks the body as it arrives (s3/payload.ts); the others hash what they read. */
function payloadHash(message: IncomingMessage, scope: CredentialScope, body: Buffer | undefined): string {
  const declared = message.headersDistinct["x-amz-content-sha256"]?.[0];
  if (scope.service === "s3") return scope.expiresInSeconds === undefined ? (declared ?? "") : (declared ?? UNSIGNED);
  if (body === undefined && declared !== undefined) return declared;
  return createHash("sha256")
    .update(body ?? "")
    .digest("hex");
}

const UNSIGNED = "UNSIGNED-PAYLOAD";
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The key is the same for a whole day: four of five hash rounds are saved. */
const signingKeys = new Map<string, Buffer>();
const MAX_SIGNING_KEYS = 1_000;

function signingKey(secretAccessKey: string, { date, region, service }: CredentialScope): Buffer {
  const name = `${secretAccessKey}\n${date}\n${region}\n${service}`;
  let key = signingKeys.get(name);
  if (key === undefined) {
    key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, date), region), service), "aws4_request");
    if (signingKeys.size >= MAX_SIGNING_KEYS) signingKeys.clear();
    signingKeys.set(name, key);
  }
  return key;
}

function strictEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A path that is not valid percent-encoding cannot have been signed as we would; it stays as it is and fails to match. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
