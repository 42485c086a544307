import { isServiceError } from "../../endpoint/service-error.ts";
import { childText, readXml, type XmlNode } from "../../endpoint/xml-reader.ts";
import { s3Error } from "../errors.ts";
import { bucketOf, keyOf, objectArn, onObject, type S3Operation, sendEmpty, sendXml } from "../operation.ts";
import { receivePayload } from "../payload.ts";
import { readWritePrecondition } from "../preconditions.ts";
import type { S3Request } from "../request.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
export const deleteObject: S3Operation = {
  name: "DeleteObject",
  method: "DELETE",
  on: "object",
  permissions: onObject("s3:DeleteObject"),
  async handle(request, store, response) {
    await bucketOf(request, store).delete(keyOf(request), readWritePrecondition(request));
    sendEmpty(response, 204);
  },
};

const MAX_DELETIONS = 1_000;
/** 1,000 keys of 1,024 bytes, each byte escaped in XML. */
const MAX_DOCUMENT_BYTES = 8 * 1024 ** 2;

/** Each key is allowed or denied by itself. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html */
export const deleteObjects: S3Operation = {
  name: "DeleteObjects",
  method: "POST",
  on: "bucket",
  marker: { query: "delete" },
  permissions: () => [],
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const document = readDocument(await readDocumentBody(request));
    const deleted: { Key: string }[] = [];
    const errors: { Key: string; Code: string; Message: string }[] = [];
    for (const { key, etag } of document.objects) {
      const permission = { action: "s3:DeleteObject", resourceArn: objectArn(request.bucket, key) };
      const verdict = store.access.evaluate(request.caller, permission);
      if (!verdict.allowed) {
        errors.push({ Key: key, Code: "AccessDenied", Message: verdict.message });
        continue;
      }
      try {
        await bucket.delete(key, etag === undefined ? {} : { ifMatch: etag });
        deleted.push({ Key: key });
      } catch (error) {
        if (!isServiceError(error)) throw error;
        errors.push({ Key: key, Code: error.code, Message: error.message });
      }
    }
    sendXml(response, "DeleteResult", { Deleted: document.quiet ? [] : deleted, Error: errors });
  },
};

/** Through the same checks as an upload: clients send these documents with a checksum, some of them chunked. */
export async function readDocumentBody(request: S3Request): Promise<XmlNode> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  await receivePayload(request, async (chunk) => {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES)
      throw s3Error("MalformedXML", `The document is larger than ${MAX_DOCUMENT_BYTES} bytes.`);
    chunks.push(chunk);
  });
  try {
    return readXml(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw s3Error("MalformedXML", `The XML you provided was not well-formed: ${(error as Error).message}`);
  }
}

function readDocument(root: XmlNode): { objects: { key: string; etag: string | undefined }[]; quiet: boolean } {
  const objects = root.children
    .filter(({ name }) => name === "Object")
    .map((node) => ({ key: childText(node, "Key") ?? "", etag: childText(node, "ETag") }));
  if (
    root.name !== "Delete" ||
    objects.length === 0 ||
    objects.length > MAX_DELETIONS ||
    objects.some(({ key }) => key === "")
  ) {
    throw s3Error(
      "MalformedXML",
      `A Delete document with 1 to ${MAX_DELETIONS} keys was expected, received <${root.name}> with ${objects.length}.`,
    );
  }
  return { objects, quiet: childText(root, "Quiet") === "true" };
}
