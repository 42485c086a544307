import { createHash } from "node:crypto";
import { Agent } from "node:http";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const Bucket = "models";
let endpoint: RunningEndpoint;
let s3: S3Client;

beforeAll(async () => {
  endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })]);
  await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: Bucket });
  s3 = new S3Client(endpoint.asOperator);
});
afterAll(async () => {
  s3.destroy();
  await endpoint.stop();
});

const put = (Key: string, Body: string = Key) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: Buffer.byteLength(Body) }));
const read = async (Key: string, more: object = {}) => {
  const answer = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...answer, text: await answer.Body?.transformToString() };
};
const md5 = (text: string) => createHash("md5").update(text).digest("hex");

test("an object comes back with its bytes, headers, metadata and checksum", async () => {
  const written = await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: "a.json",
      Body: '{"a":1}',
      ContentType: "application/json",
      CacheControl: "no-store",
      Metadata: { Origin: "test" },
    }),
  );
  expect(written).toMatchObject({
    ETag: `"${md5('{"a":1}')}"`,
    ChecksumType: "FULL_OBJECT",
    ServerSideEncryption: "AES256",
  });
  const got = await read("a.json");
  expect(got).toMatchObject({
    text: '{"a":1}',
    ContentType: "application/json",
    CacheControl: "no-store",
    Metadata: { origin: "test" },
    ContentLength: 7,
    ChecksumCRC32: written.ChecksumCRC32,
    AcceptRanges: "bytes",
  });
  const head = await s3.send(new HeadObjectCommand({ Bucket, Key: "a.json" }));
  expect(head).toMatchObject({ ContentLength: 7, ContentType: "application/json", ETag: written.ETag });
  expect(head.LastModified?.getTime()).toBeGreaterThan(Date.now() - 60_000);
});

test("a body of unknown content arrives chunked with its checksum behind it, empty ones too", async () => {
  const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(10_000 + index, index));
  const bytes = Buffer.concat(chunks);
  await s3.send(
    new PutObjectCommand({
      Bucket,
      Key: "stream",
      Body: Readable.from(chunks),
      ContentLength: bytes.length,
      ContentEncoding: "gzip",
    }),
  );
  const got = await s3.send(new GetObjectCommand({ Bucket, Key: "stream" }));
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? [])).toEqual(bytes);
  expect(got.ContentEncoding).toBe("gzip");
  await put("empty", "");
  expect(await read("empty")).toMatchObject({ text: "", ContentLength: 0, ETag: `"${md5("")}"` });
});

test.each(["CRC32", "CRC32C", "SHA1", "SHA256"] as const)(
  "%s is computed by the client, verified and given back",
  async (ChecksumAlgorithm) => {
    const written = await s3.send(new PutObjectCommand({ Bucket, Key: "sum", Body: "hello", ChecksumAlgorithm }));
    const value = written[`Checksum${ChecksumAlgorithm}`];
    expect(value).toBeTruthy();
    expect(await read("sum")).toMatchObject({ text: "hello", [`Checksum${ChecksumAlgorithm}`]: value });
  },
);

test("a wrong checksum, digest or length is refused, and leaves what was there", async () => {
  await put("kept", "before");
  const wrong = (more: object) => s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "after", ...more }));
  await expect(wrong({ ChecksumCRC32: "AAAAAA==" })).rejects.toMatchObject({
    name: "BadDigest",
    $metadata: { httpStatusCode: 400 },
  });
  await expect(wrong({ ChecksumSHA256: createHash("sha256").update("other").digest("base64") })).rejects.toMatchObject({
    name: "BadDigest",
  });
  await expect(wrong({ ContentMD5: createHash("md5").update("other").digest("base64") })).rejects.toMatchObject({
    name: "BadDigest",
  });
  await expect(wrong({ ContentMD5: "AAAA" })).rejects.toMatchObject({ name: "InvalidDigest" });
  expect((await read("kept")).text).toBe("before");
});

test("conditional writes: one creator wins, a stale writer loses", async () => {
  const create = () =>
    s3.send(new PutObjectCommand({ Bucket, Key: "once", Body: "x", IfNoneMatch: "*" })).then(
      () => "won",
      (error: Error) => error.name,
    );
  const outcomes = await Promise.all(Array.from({ length: 20 }, create));
  expect(outcomes.filter((outcome) => outcome === "won")).toHaveLength(1);
  expect(new Set(outcomes)).toEqual(new Set(["won", "PreconditionFailed"]));

  const replace = (IfMatch: string) => s3.send(new PutObjectCommand({ Bucket, Key: "once", Body: "y", IfMatch }));
  await expect(replace('"0000"')).rejects.toMatchObject({
    name: "PreconditionFailed",
    $metadata: { httpStatusCode: 412 },
  });
  await replace(`"${md5("x")}"`);
  expect((await read("once")).text).toBe("y");
  await expect(
    s3.send(new PutObjectCommand({ Bucket, Key: "never", Body: "y", IfMatch: '"0000"' })),
  ).rejects.toMatchObject({ name: "NoSuchKey" });
});

test("conditional reads", async () => {
  await put("cond", "x");
  const etag = `"${md5("x")}"`;
  await expect(read("cond", { IfNoneMatch: etag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  await expect(read("cond", { IfMatch: '"other"' })).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
  expect((await read("cond", { IfMatch: etag, IfNoneMatch: '"other"' })).text).toBe("x");
  await expect(read("cond", { IfModifiedSince: new Date(Date.now() + 1_000) })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 304 },
  });
  await expect(read("cond", { IfUnmodifiedSince: new Date(0) })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 412 },
  });
});

test.each([
  ["bytes=0-0", "0", "bytes 0-0/10"],
  ["bytes=2-5", "2345", "bytes 2-5/10"],
  ["bytes=7-", "789", "bytes 7-9/10"],
  ["bytes=-3", "789", "bytes 7-9/10"],
  ["bytes=-30", "0123456789", "bytes 0-9/10"],
  ["bytes=5-99", "56789", "bytes 5-9/10"],
  ["bytes=5-2", "0123456789", undefined],
  ["lines=1-2", "0123456789", undefined],
  ["bytes=0-1,4-5", "0123456789", undefined],
])("range %s", async (Range, text, ContentRange) => {
  await put("digits", "0123456789");
  const got = await read("digits", { Range });
  expect(got.text).toBe(text);
  expect(got.ContentRange).toBe(ContentRange);
  expect(got.$metadata.httpStatusCode).toBe(ContentRange === undefined ? 200 : 206);
});

test("a range behind the end is not satisfiable", async () => {
  await put("digits", "0123456789");
  await expect(read("digits", { Range: "bytes=10-" })).rejects.toMatchObject({
    name: "InvalidRange",
    $metadata: { httpStatusCode: 416 },
  });
});

test.each([
  "../../etc/passwd",
  "/leading",
  "a//b/./c/..",
  "ünïcode/漢字/😀",
  "space + plus & amp ? hash # percent %2F",
  "tab\tnewline\ncontrol\u0001",
  "-".repeat(1024),
])("a key is only a name: %j", async (key) => {
  await put(key, `content of ${key}`);
  expect((await read(key)).text).toBe(`content of ${key}`);
  const listed = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: key }));
  expect(listed.Contents?.map(({ Key }) => Key)).toEqual([key]);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: key }));
  await expect(read(key)).rejects.toMatchObject({ name: "NoSuchKey", $metadata: { httpStatusCode: 404 } });
});

test("a key over 1,024 bytes is refused", async () => {
  await expect(put("ü".repeat(513))).rejects.toMatchObject({ name: "KeyTooLongError" });
});

test("copies keep or replace what is said about the object", async () => {
  await s3.send(
    new PutObjectCommand({ Bucket, Key: "from/ü x", Body: "copied", ContentType: "text/plain", Metadata: { a: "1" } }),
  );
  const source = `${Bucket}/${encodeURIComponent("from/ü x")}`;
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: source }));
  expect(copied.CopyObjectResult).toMatchObject({ ETag: `"${md5("copied")}"` });
  expect(await read("to")).toMatchObject({ text: "copied", ContentType: "text/plain", Metadata: { a: "1" } });
  await s3.send(
    new CopyObjectCommand({ Bucket, Key: "to", CopySource: source, MetadataDirective: "REPLACE", ContentType: "x/y" }),
  );
  expect(await read("to")).toMatchObject({ ContentType: "x/y", Metadata: {} });
  await expect(
    s3.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: source, CopySourceIfMatch: '"no"' })),
  ).rejects.toMatchObject({ name: "PreconditionFailed" });
  await expect(
    s3.send(new CopyObjectCommand({ Bucket, Key: "to", CopySource: `${Bucket}/absent` })),
  ).rejects.toMatchObject({ name: "NoSuchKey" });
});

test("many objects go at once", async () => {
  await Promise.all(["del/1", "del/2", "del/<&>\u0001"].map((key) => put(key)));
  const gone = await s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: "del/1" }, { Key: "del/<&>\u0001" }, { Key: "del/absent" }] },
    }),
  );
  expect(gone.Deleted?.map(({ Key }) => Key)).toEqual(["del/1", "del/<&>\u0001", "del/absent"]);
  const left = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "del/" }));
  expect(left.Contents?.map(({ Key }) => Key)).toEqual(["del/2"]);
});

test("buckets answer for themselves", async () => {
  await s3.send(new HeadBucketCommand({ Bucket }));
  const { Buckets } = await s3.send(new ListBucketsCommand({}));
  expect(Buckets?.map(({ Name }) => Name)).toEqual([Bucket]);
  expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBeUndefined();
  await expect(s3.send(new HeadBucketCommand({ Bucket: "absent" }))).rejects.toMatchObject({ name: "NotFound" });
  await expect(s3.send(new GetObjectCommand({ Bucket: "absent", Key: "a" }))).rejects.toMatchObject({
    name: "NoSuchBucket",
  });
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key: "absent" }))).rejects.toMatchObject({ name: "NotFound" });
});

test("what is not simulated says so", async () => {
  await expect(s3.send(new GetObjectCommand({ Bucket, Key: "a.json", VersionId: "1" }))).rejects.toMatchObject({
    name: "NotImplemented",
  });
  await expect(s3.send(new PutObjectCommand({ Bucket, Key: "t", Body: "x", Tagging: "a=b" }))).rejects.toMatchObject({
    name: "NotImplemented",
  });
});

test("the bucket may stand in the host name", async () => {
  const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: "127.0.0.1", family: 4 }]);
  const virtual = new S3Client({
    ...endpoint.asOperator,
    endpoint: endpoint.url.replace("127.0.0.1", "localhost"),
    requestHandler: { httpAgent: new Agent({ lookup }) },
  });
  await virtual.send(new PutObjectCommand({ Bucket, Key: "by-host", Body: "x" }));
  expect((await read("by-host")).text).toBe("x");
  virtual.destroy();
});
