import { open } from "node:fs/promises";
import { checksumAlgorithm, checksumElement, checksumHeader } from "../checksums.ts";
import { s3Error } from "../errors.ts";
import { readMaxKeys } from "../listing.ts";
import { joinChecksum, readPartList, requireParts } from "../multipart-parts.ts";
import { MAX_PART_NUMBER, multipartEtag } from "../multipart-uploads.ts";
import { readAttributes } from "../object-attributes.ts";
import { quoted } from "../object-record.ts";
import {
  bucketOf,
  ENCRYPTION_HEADER,
  isoDate,
  keyOf,
  onObject,
  type S3Operation,
  sendEmpty,
  sendXml,
  wholeSeconds,
} from "../operation.ts";
import { receivePayload } from "../payload.ts";
import { readWritePrecondition } from "../preconditions.ts";
import { header, type S3Request } from "../request.ts";
import { readDocumentBody } from "./delete-objects.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export const createMultipartUpload: S3Operation = {
  name: "CreateMultipartUpload",
  method: "POST",
  on: "object",
  marker: { query: "uploads" },
  permissions: onObject("s3:PutObject"),
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const checksum = readUploadChecksum(request);
    const upload = await bucket.uploads.start({
      key: keyOf(request),
      startedAtMillis: store.clock(),
      attributes: readAttributes(request),
      ...(checksum === undefined ? {} : { checksum }),
    });
    for (const [name, value] of Object.entries(ENCRYPTION_HEADER)) response.setHeader(name, value);
    if (checksum !== undefined) {
      response.setHeader("x-amz-checksum-algorithm", checksum.algorithm);
      response.setHeader("x-amz-checksum-type", checksum.type);
    }
    sendXml(response, "InitiateMultipartUploadResult", { Bucket: bucket.name, Key: upload.key, UploadId: upload.id });
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export const uploadPart: S3Operation = {
  name: "UploadPart",
  method: "PUT",
  on: "object",
  marker: { query: "uploadId" },
  parameters: ["partNumber"],
  permissions: onObject("s3:PutObject"),
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const key = keyOf(request);
    const number = Number(request.query.get("partNumber"));
    if (!Number.isInteger(number) || number < 1 || number > MAX_PART_NUMBER) {
      throw s3Error("InvalidArgument", `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`);
    }
    bucket.uploads.get(uploadId(request), key);
    const { path, result: payload } = await bucket.files.stage((file) =>
      receivePayload(request, async (chunk) => {
        await file.writeFile(chunk);
      }),
    );
    const etag = payload.md5.toString("hex");
    const { checksum, bytes } = payload;
    await bucket.uploads.putPart(uploadId(request), key, path, {
      number,
      bytes,
      etag,
      lastModifiedMillis: wholeSeconds(store.clock()),
      ...(checksum === undefined ? {} : { checksum }),
    });
    const checksums = checksum === undefined ? {} : { [checksumHeader(checksum.algorithm)]: checksum.value };
    sendEmpty(response, 200, { etag: quoted(etag), ...checksums, ...ENCRYPTION_HEADER });
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export const completeMultipartUpload: S3Operation = {
  name: "CompleteMultipartUpload",
  method: "POST",
  on: "object",
  marker: { query: "uploadId" },
  permissions: onObject("s3:PutObject"),
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const key = keyOf(request);
    const upload = bucket.uploads.get(uploadId(request), key);
    const precondition = readWritePrecondition(request);
    const parts = requireParts(upload, readPartList(await readDocumentBody(request)));
    const joined = joinChecksum(upload, parts);
    const { path } = await bucket.files.stage(async (target) => {
      for (const part of parts) {
        const source = await open(bucket.uploads.partPath(upload, part), "r");
        try {
          for await (const chunk of source.createReadStream({ highWaterMark: 1024 ** 2, autoClose: false })) {
            joined?.update(chunk as Buffer);
            await target.writeFile(chunk as Buffer);
          }
        } finally {
          await source.close();
        }
      }
    });
    const checksum = joined?.finish(request);
    const record = await bucket.put(
      path,
      {
        key,
        bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
        etag: multipartEtag(parts),
        lastModifiedMillis: wholeSeconds(store.clock()),
        attributes: upload.attributes,
        ...(checksum === undefined ? {} : { checksum }),
      },
      precondition,
    );
    await bucket.uploads.end(upload.id, key);
    for (const [name, value] of Object.entries(ENCRYPTION_HEADER)) response.setHeader(name, value);
    sendXml(response, "CompleteMultipartUploadResult", {
      Location: `http://${header(request, "host")}/${bucket.name}/${encodeURIComponent(key)}`,
      Bucket: bucket.name,
      Key: key,
      ETag: quoted(record.etag),
      ...(checksum === undefined
        ? {}
        : { [checksumElement(checksum.algorithm)]: checksum.value, ChecksumType: checksum.type }),
    });
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export const abortMultipartUpload: S3Operation = {
  name: "AbortMultipartUpload",
  method: "DELETE",
  on: "object",
  marker: { query: "uploadId" },
  permissions: onObject("s3:AbortMultipartUpload"),
  async handle(request, store, response) {
    await bucketOf(request, store).uploads.end(uploadId(request), keyOf(request));
    sendEmpty(response, 204);
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html */
export const listParts: S3Operation = {
  name: "ListParts",
  method: "GET",
  on: "object",
  marker: { query: "uploadId" },
  parameters: ["max-parts", "part-number-marker"],
  permissions: onObject("s3:ListMultipartUploadParts"),
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const upload = bucket.uploads.get(uploadId(request), keyOf(request));
    const marker = Number(request.query.get("part-number-marker") ?? 0);
    const maxParts = readMaxKeys(request.query.get("max-parts"));
    const rest = [...upload.parts.values()].filter(({ number }) => number > marker).sort((a, b) => a.number - b.number);
    const page = rest.slice(0, maxParts);
    sendXml(response, "ListPartsResult", {
      Bucket: bucket.name,
      Key: upload.key,
      UploadId: upload.id,
      StorageClass: "STANDARD",
      PartNumberMarker: marker,
      NextPartNumberMarker: page.at(-1)?.number,
      MaxParts: maxParts,
      IsTruncated: page.length < rest.length,
      ChecksumAlgorithm: upload.checksum?.algorithm,
      ChecksumType: upload.checksum?.type,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: isoDate(part.lastModifiedMillis),
        ETag: quoted(part.etag),
        Size: part.bytes,
        ...(part.checksum === undefined ? {} : { [checksumElement(part.checksum.algorithm)]: part.checksum.value }),
      })),
    });
  },
};

const uploadId = (request: S3Request) => request.query.get("uploadId") ?? "";

function readUploadChecksum(request: S3Request) {
  const name = header(request, "x-amz-checksum-algorithm");
  if (name === undefined) return undefined;
  const algorithm = checksumAlgorithm(name);
  if (algorithm === undefined) throw s3Error("InvalidRequest", `Checksum algorithm provided is unsupported: ${name}`);
  const type = header(request, "x-amz-checksum-type") ?? (algorithm === "CRC64NVME" ? "FULL_OBJECT" : "COMPOSITE");
  const possible =
    algorithm === "CRC64NVME"
      ? ["FULL_OBJECT"]
      : algorithm.startsWith("SHA")
        ? ["COMPOSITE"]
        : ["FULL_OBJECT", "COMPOSITE"];
  if (!possible.includes(type)) {
    throw s3Error(
      "InvalidRequest",
      `The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`,
    );
  }
  return { algorithm, type: type as "FULL_OBJECT" | "COMPOSITE" };
}
