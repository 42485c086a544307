import { noSuchKey, preconditionFailed, s3Error } from "./errors.ts";
import type { ObjectRecord } from "./object-record.ts";
import { header, type S3Request } from "./request.ts";

/** What must be true of the stored object for a write to happen; checked while nobody else can write that key. */
export interface WritePrecondition {
  readonly ifMatch?: string;
  readonly ifAbsent?: true;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
export function readWritePrecondition(request: S3Request): WritePrecondition {
  const ifNoneMatch = header(request, "if-none-match");
  const ifMatch = header(request, "if-match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") {
    throw s3Error("InvalidArgument", `If-None-Match of a write takes only "*", received ${ifNoneMatch}`);
  }
  if (ifNoneMatch !== undefined && ifMatch !== undefined) {
    throw s3Error("InvalidRequest", "If-Match and If-None-Match may not stand in one request.");
  }
  return { ...(ifMatch === undefined ? {} : { ifMatch }), ...(ifNoneMatch === undefined ? {} : { ifAbsent: true }) };
}

/** Throws PreconditionFailed, or NoSuchKey when the object to match is not there. */
export function checkWrite(
  key: string,
  current: ObjectRecord | undefined,
  { ifMatch, ifAbsent }: WritePrecondition,
): void {
  if (ifAbsent && current !== undefined) throw preconditionFailed("If-None-Match");
  if (ifMatch === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (!namesEtag(ifMatch, current.etag)) throw preconditionFailed("If-Match");
}

/**
 * Throws PreconditionFailed; answers "not-modified" when the reader has this object already.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-reads.html
 */
export function checkRead(
  object: ObjectRecord,
  condition: (name: "if-match" | "if-none-match" | "if-modified-since" | "if-unmodified-since") => string | undefined,
): "send" | "not-modified" {
  const ifMatch = condition("if-match");
  const ifUnmodifiedSince = dateOf(condition("if-unmodified-since"));
  if (ifMatch !== undefined) {
    if (!namesEtag(ifMatch, object.etag)) throw preconditionFailed("If-Match");
  } else if (ifUnmodifiedSince !== undefined && object.lastModifiedMillis > ifUnmodifiedSince) {
    throw preconditionFailed("If-Unmodified-Since");
  }
  const ifNoneMatch = condition("if-none-match");
  const ifModifiedSince = dateOf(condition("if-modified-since"));
  if (ifNoneMatch !== undefined) return namesEtag(ifNoneMatch, object.etag) ? "not-modified" : "send";
  return ifModifiedSince !== undefined && object.lastModifiedMillis <= ifModifiedSince ? "not-modified" : "send";
}

/** A list of entity tags, quoted or not, or `*`. */
function namesEtag(list: string, etag: string): boolean {
  return list.split(",").some((item) => {
    const text = item.trim().replace(/^W\//, "");
    return text === "*" || text.replace(/^"|"$/g, "") === etag;
  });
}

/** A date that cannot be read is no condition, as HTTP says. */
function dateOf(text: string | undefined): number | undefined {
  const millis = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(millis) ? undefined : millis;
}
