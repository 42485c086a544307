import type { IncomingMessage } from "node:http";

/**
 * What a signed request says about itself: who signed, for which service, when, and over what. From the Authorization
 * header or, for presigned URLs, from the query.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 */
export interface CredentialScope {
  readonly accessKeyId: string;
  /** `20261124` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** Lower-case names, in the order that was signed. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `20261124T101500Z` */
  readonly timestamp: string;
  readonly sessionToken: string | undefined;
  /** Present for presigned URLs: seconds after `timestamp` for which the URL holds. */
  readonly expiresInSeconds?: number;
}

const ALGORITHM = "AWS4-HMAC-SHA256";
/** One week. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
const MAX_EXPIRY_SECONDS = 604_800;

/** `missing`: no credentials at all. `malformed`: credentials that cannot be read. */
export function readCredentialScope(message: IncomingMessage, url: URL): CredentialScope | "missing" | "malformed" {
  const { authorization } = message.headers;
  if (authorization !== undefined) return fromHeader(authorization, message);
  return url.searchParams.has("X-Amz-Credential") ? fromQuery(url.searchParams) : "missing";
}

function fromHeader(authorization: string, message: IncomingMessage): CredentialScope | "malformed" {
  const [algorithm, ...rest] = authorization.split(" ");
  const fields = new Map(
    rest
      .join("")
      .split(",")
      .map((field) => {
        const at = field.indexOf("=");
        return [field.slice(0, at), field.slice(at + 1)] as const;
      }),
  );
  if (algorithm !== ALGORITHM) return "malformed";
  const timestamp = single(message.headers["x-amz-date"]);
  return assemble({
    credential: fields.get("Credential"),
    signedHeaders: fields.get("SignedHeaders"),
    signature: fields.get("Signature"),
    timestamp,
    sessionToken: single(message.headers["x-amz-security-token"]),
  });
}

function fromQuery(query: URLSearchParams): CredentialScope | "malformed" {
  const expires = query.get("X-Amz-Expires") ?? "";
  const expiresInSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : Number.NaN;
  if (query.get("X-Amz-Algorithm") !== ALGORITHM || !(expiresInSeconds <= MAX_EXPIRY_SECONDS)) return "malformed";
  const scope = assemble({
    credential: query.get("X-Amz-Credential"),
    signedHeaders: query.get("X-Amz-SignedHeaders"),
    signature: query.get("X-Amz-Signature"),
    timestamp: query.get("X-Amz-Date"),
    sessionToken: query.get("X-Amz-Security-Token") ?? undefined,
  });
  return scope === "malformed" ? scope : { ...scope, expiresInSeconds };
}

function assemble(parts: {
  readonly credential: string | null | undefined;
  readonly signedHeaders: string | null | undefined;
  readonly signature: string | null | undefined;
  readonly timestamp: string | null | undefined;
  readonly sessionToken: string | undefined;
}): CredentialScope | "malformed" {
  const [accessKeyId, date, region, service, terminator, ...rest] = (parts.credential ?? "").split("/");
  if (!accessKeyId || !date || !region || !service || terminator !== "aws4_request" || rest.length > 0) {
    return "malformed";
  }
  const { timestamp, signature } = parts;
  if (!timestamp || !/^\d{8}T\d{6}Z$/.test(timestamp) || !timestamp.startsWith(date)) return "malformed";
  if (!signature || !/^[0-9a-f]{64}$/.test(signature)) return "malformed";
  const signedHeaders = (parts.signedHeaders ?? "").split(";");
  if (!signedHeaders.includes("host")) return "malformed";
  return { accessKeyId, date, region, service, signedHeaders, signature, timestamp, sessionToken: parts.sessionToken };
}

const single = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Milliseconds since the epoch of `20261124T101500Z`. */
export function timestampMillis(timestamp: string): number {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/.exec(timestamp)?.map(Number) ?? [];
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
