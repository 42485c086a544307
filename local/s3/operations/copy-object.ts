import { checksumElement } from "../checksums.ts";
import { noSuchKey, notImplemented, s3Error } from "../errors.ts";
import { readAttributes } from "../object-attributes.ts";
import { quoted } from "../object-record.ts";
import {
  bucketNamed,
  bucketOf,
  isoDate,
  keyOf,
  objectArn,
  type S3Operation,
  sendXml,
  wholeSeconds,
} from "../operation.ts";
import { checkRead, readWritePrecondition } from "../preconditions.ts";
import { header, type S3Request } from "../request.ts";

const SOURCE_HEADER = "x-amz-copy-source";
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

export const copyObject: S3Operation = {
  name: "CopyObject",
  method: "PUT",
  on: "object",
  marker: { header: SOURCE_HEADER },
  permissions: (request) => {
    const source = readSource(request);
    return [
      { action: "s3:GetObject", resourceArn: objectArn(source.bucket, source.key) },
      { action: "s3:PutObject", resourceArn: objectArn(request.bucket, request.key) },
    ];
  },
  async handle(request, store, response) {
    const from = readSource(request);
    const source = bucketNamed(from.bucket, store);
    const target = bucketOf(request, store);
    const key = keyOf(request);
    const record = source.get(from.key);
    if (record === undefined) throw noSuchKey(from.key);
    if (checkRead(record, (name) => header(request, `${SOURCE_HEADER}-${name}`)) === "not-modified") {
      throw s3Error("PreconditionFailed", "At least one of the pre-conditions you specified did not hold");
    }
    const directive = header(request, "x-amz-metadata-directive") ?? "COPY";
    if (directive !== "COPY" && directive !== "REPLACE") {
      throw s3Error("InvalidArgument", `x-amz-metadata-directive is COPY or REPLACE, received ${directive}`);
    }
    if (directive === "COPY" && source === target && from.key === key) {
      throw s3Error(
        "InvalidRequest",
        "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
      );
    }
    if (record.bytes > MAX_COPY_BYTES)
      throw s3Error("InvalidRequest", "The source is larger than the maximum of 5 GiB.");
    const given = readAttributes(request);
    const copy = await target.put(
      await source.stageCopy(record),
      {
        key,
        bytes: record.bytes,
        etag: record.etag,
        lastModifiedMillis: wholeSeconds(store.clock()),
        attributes: directive === "REPLACE" ? given : record.attributes,
        ...(record.checksum === undefined ? {} : { checksum: record.checksum }),
      },
      readWritePrecondition(request),
    );
    sendXml(response, "CopyObjectResult", {
      LastModified: isoDate(copy.lastModifiedMillis),
      ETag: quoted(copy.etag),
      ...(copy.checksum === undefined ? {} : { [checksumElement(copy.checksum.algorithm)]: copy.checksum.value }),
    });
  },
};

/** `bucket/key`, percent-encoded, perhaps with a slash before it. */
function readSource(request: S3Request): { bucket: string; key: string } {
  const text = (header(request, SOURCE_HEADER) ?? "").replace(/^\//, "");
  if (text.includes("?versionId=")) throw notImplemented("A copy of an object's version");
  const slash = text.indexOf("/");
  try {
    const bucket = decodeURIComponent(text.slice(0, slash));
    const key = decodeURIComponent(text.slice(slash + 1));
    if (slash > 0 && key !== "") return { bucket, key };
  } catch {
    // Not percent-encoded UTF-8: refused below.
  }
  throw s3Error("InvalidArgument", "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
}
