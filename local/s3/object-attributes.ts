import { notImplemented, s3Error } from "./errors.ts";
import type { ObjectAttributes } from "./object-record.ts";
import { header, type S3Request } from "./request.ts";

const KEPT_HEADERS = [
  "cache-control",
  "content-disposition",
  "content-encoding",
  "content-language",
  "content-type",
  "expires",
] as const;

const METADATA_PREFIX = "x-amz-meta-";
/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html */
const MAX_METADATA_BYTES = 2 * 1024;

/** Headers that would change what S3 does, and that are not simulated: refused rather than dropped. */
const REFUSED_HEADERS = [
  "x-amz-tagging",
  "x-amz-grant-full-control",
  "x-amz-grant-read",
  "x-amz-grant-read-acp",
  "x-amz-grant-write-acp",
  "x-amz-object-lock-legal-hold",
  "x-amz-object-lock-mode",
  "x-amz-object-lock-retain-until-date",
  "x-amz-server-side-encryption-customer-algorithm",
  "x-amz-website-redirect-location",
  "x-amz-write-offset-bytes",
] as const;

const ACCEPTED_VALUES: Readonly<Record<string, readonly string[]>> = {
  "x-amz-acl": ["private", "bucket-owner-full-control"],
  "x-amz-storage-class": ["STANDARD"],
  "x-amz-server-side-encryption": ["AES256"],
};

/** What the request says about the object that it writes. A presigned URL may carry metadata in its query. */
export function readAttributes(request: S3Request): ObjectAttributes {
  for (const name of REFUSED_HEADERS)
    if (header(request, name) !== undefined) throw notImplemented(`The header ${name}`);
  for (const [name, accepted] of Object.entries(ACCEPTED_VALUES)) {
    const value = header(request, name);
    if (value !== undefined && !accepted.includes(value)) throw notImplemented(`${name}: ${value}`);
  }
  const headers: Record<string, string> = { "content-type": "binary/octet-stream" };
  for (const name of KEPT_HEADERS) {
    const value = name === "content-encoding" ? contentEncoding(request) : header(request, name);
    if (value !== undefined && value !== "") headers[name] = value;
  }
  return { headers, metadata: readMetadata(request) };
}

/** `aws-chunked` is how the body travelled, not what the object is. */
function contentEncoding(request: S3Request): string | undefined {
  return header(request, "content-encoding")
    ?.split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "aws-chunked")
    .join(",");
}

function readMetadata(request: S3Request): Record<string, string> {
  const hoisted = [...request.query].map(([name, value]) => [name, asHeaderValue(value)] as const);
  const sent = Object.keys(request.message.headers).map((name) => [name, header(request, name) ?? ""] as const);
  const metadata: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of [...hoisted, ...sent]) {
    if (!name.toLowerCase().startsWith(METADATA_PREFIX)) continue;
    const short = name.toLowerCase().slice(METADATA_PREFIX.length);
    metadata[short] = value;
    bytes += Buffer.byteLength(short) + Buffer.byteLength(value);
  }
  if (bytes > MAX_METADATA_BYTES) {
    throw s3Error(
      "MetadataTooLarge",
      `Your metadata headers have ${bytes} bytes, more than the maximum of ${MAX_METADATA_BYTES}.`,
    );
  }
  return metadata;
}

/** A query parameter that will stand in a header: its UTF-8 bytes, as a header carries them. */
export function asHeaderValue(text: string): string {
  const value = Buffer.from(text, "utf8").toString("latin1");
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw s3Error("InvalidArgument", `Control characters may not stand in a header: ${JSON.stringify(text)}`);
  }
  return value;
}

export function attributeHeaders(attributes: ObjectAttributes): Record<string, string> {
  const metadata = Object.entries(attributes.metadata).map(([name, value]) => [`${METADATA_PREFIX}${name}`, value]);
  return { ...attributes.headers, ...Object.fromEntries(metadata) };
}
