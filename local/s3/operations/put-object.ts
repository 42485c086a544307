import { checksumHeaders } from "../checksums.ts";
import { readAttributes } from "../object-attributes.ts";
import { quoted } from "../object-record.ts";
import {
  bucketOf,
  ENCRYPTION_HEADER,
  keyOf,
  onObject,
  type S3Operation,
  sendEmpty,
  wholeSeconds,
} from "../operation.ts";
import { receivePayload } from "../payload.ts";
import { checkWrite, readWritePrecondition } from "../preconditions.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export const putObject: S3Operation = {
  name: "PutObject",
  method: "PUT",
  on: "object",
  permissions: onObject("s3:PutObject"),
  async handle(request, store, response) {
    const bucket = bucketOf(request, store);
    const key = keyOf(request);
    const attributes = readAttributes(request);
    const precondition = readWritePrecondition(request);
    // Checked again when the bytes are here; now it spares a hopeless upload.
    checkWrite(key, bucket.get(key), precondition);
    const { path, result: payload } = await bucket.files.stage((file) =>
      receivePayload(request, async (chunk) => {
        await file.writeFile(chunk);
      }),
    );
    const checksum = payload.checksum && { ...payload.checksum, type: "FULL_OBJECT" as const };
    const record = await bucket.put(
      path,
      {
        key,
        bytes: payload.bytes,
        etag: payload.md5.toString("hex"),
        lastModifiedMillis: wholeSeconds(store.clock()),
        attributes,
        ...(checksum === undefined ? {} : { checksum }),
      },
      precondition,
    );
    sendEmpty(response, 200, { etag: quoted(record.etag), ...checksumHeaders(record.checksum), ...ENCRYPTION_HEADER });
  },
};
