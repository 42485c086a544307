import { s3Error } from "../errors.ts";
import { decodeToken, encodeToken, type ListPosition, listPage, readMaxKeys } from "../listing.ts";
import { type ObjectRecord, quoted } from "../object-record.ts";
import { bucketArn, bucketOf, isoDate, type S3Operation, sendXml } from "../operation.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
export const listObjectsV2: S3Operation = {
  name: "ListObjectsV2",
  method: "GET",
  on: "bucket",
  marker: { query: "list-type" },
  parameters: ["prefix", "delimiter", "max-keys", "continuation-token", "start-after", "encoding-type", "fetch-owner"],
  permissions: ({ bucket, query }) => {
    const conditions = ["prefix", "delimiter", "max-keys"].flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[`s3:${name}`, [value]] as const];
    });
    return [{ action: "s3:ListBucket", resourceArn: bucketArn(bucket), context: Object.fromEntries(conditions) }];
  },
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const { query } = request;
    if (query.get("list-type") !== "2") throw s3Error("InvalidArgument", "Only list-type=2 is simulated here.");
    const text = (name: string) => query.get(name) ?? undefined;
    const token = text("continuation-token");
    const startAfter = text("start-after");
    const maxKeys = readMaxKeys(query.get("max-keys"));
    const page = listPage(bucket.sortedKeys(), {
      prefix: text("prefix") ?? "",
      delimiter: text("delimiter") ?? "",
      maxKeys,
      after: token === undefined ? startPosition(startAfter) : decodeToken(token),
    });
    const encodes = text("encoding-type") === "url";
    const shown = (value: string | undefined) => (encodes && value !== undefined ? encodeURIComponent(value) : value);
    sendXml(response, "ListBucketResult", {
      Name: bucket.name,
      Prefix: shown(text("prefix") ?? ""),
      Delimiter: shown(text("delimiter")),
      StartAfter: shown(startAfter),
      EncodingType: encodes ? "url" : undefined,
      KeyCount: page.entries.length,
      MaxKeys: maxKeys,
      IsTruncated: page.next !== undefined,
      ContinuationToken: token,
      NextContinuationToken: page.next === undefined ? undefined : encodeToken(page.next),
      Contents: page.entries.flatMap((entry) => {
        const record = entry.type === "key" ? bucket.get(entry.text) : undefined;
        return record === undefined ? [] : [contents(record, shown(record.key) ?? "")];
      }),
      CommonPrefixes: page.entries
        .filter(({ type }) => type === "common-prefix")
        .map((entry) => ({ Prefix: shown(entry.text) })),
    });
  },
};

const startPosition = (key: string | undefined): ListPosition | undefined =>
  key === undefined ? undefined : { type: "key", text: key };

function contents(record: ObjectRecord, key: string) {
  return {
    Key: key,
    LastModified: isoDate(record.lastModifiedMillis),
    ETag: quoted(record.etag),
    ChecksumAlgorithm: record.checksum?.algorithm,
    ChecksumType: record.checksum?.type,
    Size: record.bytes,
    StorageClass: "STANDARD",
  };
}
