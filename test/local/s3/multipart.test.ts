import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListPartsCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { createS3Simulator } from "../../../local/s3/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

const Bucket = "models";
const Key = "large/model.onnx";
const FIRST = Buffer.alloc(5 * 1024 ** 2, "a");
const LAST = Buffer.from("the end");
const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest();

let stateDirectory: string;
let endpoint: RunningEndpoint;
let s3: S3Client;

async function start() {
  endpoint = await startEndpoint((context, access) => [createS3Simulator(context, { access })], { stateDirectory });
  await endpoint.create("AWS::S3::Bucket", "Models", { BucketName: Bucket });
  s3 = new S3Client(endpoint.asOperator);
}
async function stop() {
  s3.destroy();
  await endpoint.stop();
}
beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "farthing-test-"));
  await start();
});
afterAll(async () => {
  await stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const begin = async (more: object = {}) =>
  (await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, ...more }))).UploadId as string;
const part = (UploadId: string, PartNumber: number, Body: Buffer, more: object = {}) =>
  s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...more }));
const complete = (UploadId: string, Parts: { PartNumber: number; ETag: string | undefined }[], more: object = {}) =>
  s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));

test("parts sent in any order, one twice, make one object, across a restart", async () => {
  const id = await begin({ ContentType: "application/onnx", Metadata: { a: "b" } });
  await part(id, 7, Buffer.from("replaced"));
  const last = await part(id, 7, LAST);
  await stop();
  await start();
  const first = await part(id, 2, FIRST);
  const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId: id, MaxParts: 1 }));
  expect(listed).toMatchObject({ IsTruncated: true, NextPartNumberMarker: "2" });
  expect(listed.Parts).toMatchObject([{ PartNumber: 2, Size: FIRST.length, ETag: first.ETag }]);
  await expect(s3.send(new HeadObjectCommand({ Bucket, Key }))).rejects.toMatchObject({ name: "NotFound" });

  const done = await complete(id, [
    { PartNumber: 2, ETag: first.ETag },
    { PartNumber: 7, ETag: last.ETag },
  ]);
  expect(done.ETag).toBe(`"${md5(Buffer.concat([md5(FIRST), md5(LAST)])).toString("hex")}-2"`);
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, Range: `bytes=${FIRST.length - 1}-` }));
  expect(await got.Body?.transformToString()).toBe("athe end");
  expect(got).toMatchObject({ ContentType: "application/onnx", Metadata: { a: "b" } });
  await expect(complete(id, [{ PartNumber: 2, ETag: first.ETag }])).rejects.toMatchObject({ name: "NoSuchUpload" });
});

test("a composite checksum is the checksum of the parts' checksums", async () => {
  const id = await begin({ ChecksumAlgorithm: "SHA256" });
  const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
  const first = await part(id, 1, FIRST, { ChecksumAlgorithm: "SHA256" });
  const last = await part(id, 2, LAST, { ChecksumAlgorithm: "SHA256" });
  expect(last.ChecksumSHA256).toBe(sha256(LAST).toString("base64"));
  const done = await complete(id, [
    { PartNumber: 1, ETag: first.ETag },
    { PartNumber: 2, ETag: last.ETag },
  ]);
  const composite = `${sha256(Buffer.concat([sha256(FIRST), sha256(LAST)])).toString("base64")}-2`;
  expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: "COMPOSITE" });
  const got = await s3.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  expect(got.ChecksumSHA256).toBe(composite);
  expect((await got.Body?.transformToByteArray())?.length).toBe(FIRST.length + LAST.length);
});

test("a full-object checksum is verified against the joined bytes", async () => {
  const id = await begin({ ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" });
  const first = await part(id, 1, FIRST);
  const last = await part(id, 2, LAST);
  const parts = [
    { PartNumber: 1, ETag: first.ETag },
    { PartNumber: 2, ETag: last.ETag },
  ];
  await expect(complete(id, parts, { ChecksumCRC32: "AAAAAA==", ChecksumType: "FULL_OBJECT" })).rejects.toMatchObject({
    name: "BadDigest",
  });
  expect(await complete(id, parts)).toMatchObject({ ChecksumType: "FULL_OBJECT" });
});

test("the rules for parts", async () => {
  const id = await begin();
  const small = await part(id, 1, LAST);
  const second = await part(id, 2, LAST);
  const one = { PartNumber: 1, ETag: small.ETag };
  const two = { PartNumber: 2, ETag: second.ETag };
  await expect(complete(id, [one, two])).rejects.toMatchObject({ name: "EntityTooSmall" });
  await expect(complete(id, [two, one])).rejects.toMatchObject({ name: "InvalidPartOrder" });
  await expect(complete(id, [{ ...one, ETag: '"0"' }])).rejects.toMatchObject({ name: "InvalidPart" });
  await expect(complete(id, [{ ...one, PartNumber: 3 }])).rejects.toMatchObject({ name: "InvalidPart" });
  await expect(part(id, 10_001, LAST)).rejects.toMatchObject({ name: "InvalidArgument" });
  await expect(part("absent", 1, LAST)).rejects.toMatchObject({ name: "NoSuchUpload" });
  await expect(complete(id, [one], { IfNoneMatch: "*" })).rejects.toMatchObject({ name: "PreconditionFailed" });
  await complete(id, [one]);
});

test("an aborted upload is gone", async () => {
  const id = await begin();
  await part(id, 1, LAST);
  await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: id }));
  await expect(s3.send(new ListPartsCommand({ Bucket, Key, UploadId: id }))).rejects.toMatchObject({
    name: "NoSuchUpload",
  });
});
