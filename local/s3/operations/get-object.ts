import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { readByteRange } from "../byte-range.ts";
import { checksumHeaders } from "../checksums.ts";
import { noSuchKey, s3Error } from "../errors.ts";
import { asHeaderValue, attributeHeaders } from "../object-attributes.ts";
import { type ObjectRecord, quoted } from "../object-record.ts";
import {
  bucketArn,
  bucketOf,
  ENCRYPTION_HEADER,
  keyOf,
  onObject,
  type S3Operation,
  type S3Store,
  sendEmpty,
  textOf,
} from "../operation.ts";
import { checkRead } from "../preconditions.ts";
import { header, type S3Request } from "../request.ts";

/** What a presigned URL may say about the answer's headers. */
const RESPONSE_OVERRIDES = {
  "response-cache-control": "cache-control",
  "response-content-disposition": "content-disposition",
  "response-content-encoding": "content-encoding",
  "response-content-language": "content-language",
  "response-content-type": "content-type",
  "response-expires": "expires",
} as const;

const READ_CHUNK_BYTES = 256 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export const getObject: S3Operation = {
  name: "GetObject",
  method: "GET",
  on: "object",
  parameters: [...Object.keys(RESPONSE_OVERRIDES), "x-amz-checksum-mode"],
  permissions: onObject("s3:GetObject"),
  async handle(request, store, response) {
    const opened = await bucketOf(request, store).openData(keyOf(request));
    if (opened === undefined) throw absent(request, store);
    const { record, file } = opened;
    try {
      const answer = describe(request, record);
      if (answer.status === 304) return sendEmpty(response, 304, answer.headers);
      response.writeHead(answer.status, answer.headers);
      if (answer.first > answer.last) {
        response.end();
        return;
      }
      const bytes = file.createReadStream({
        start: answer.first,
        end: answer.last,
        highWaterMark: READ_CHUNK_BYTES,
        autoClose: false,
      });
      await send(bytes, response);
    } finally {
      await file.close();
    }
  },
};

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export const headObject: S3Operation = {
  ...getObject,
  name: "HeadObject",
  method: "HEAD",
  async handle(request, store, response) {
    const record = bucketOf(request, store).get(keyOf(request));
    if (record === undefined) throw absent(request, store);
    const { status, headers } = describe(request, record);
    sendEmpty(response, status, headers);
  },
};

interface Answer {
  readonly status: 200 | 206 | 304;
  readonly headers: Record<string, string>;
  readonly first: number;
  readonly last: number;
}

function describe(request: S3Request, record: ObjectRecord): Answer {
  const range = readByteRange(header(request, "range"), record.bytes);
  const first = range?.first ?? 0;
  const last = range?.last ?? record.bytes - 1;
  const identity = {
    etag: quoted(record.etag),
    "last-modified": new Date(record.lastModifiedMillis).toUTCString(),
  };
  const state = checkRead(record, (name) => header(request, name));
  if (state === "not-modified") return { status: 304, headers: identity, first, last };

  const overrides = Object.entries(RESPONSE_OVERRIDES).flatMap(([parameter, name]) => {
    const value = request.query.get(parameter);
    return value === null ? [] : [[name, asHeaderValue(value)]];
  });
  // The stored checksum is the whole object's: a part of it would seem corrupt.
  const wantsChecksum = range === undefined && textOf(request, "x-amz-checksum-mode")?.toUpperCase() === "ENABLED";
  return {
    status: range === undefined ? 200 : 206,
    headers: {
      ...attributeHeaders(record.attributes),
      ...Object.fromEntries(overrides),
      ...identity,
      "accept-ranges": "bytes",
      "content-length": String(last - first + 1),
      ...(range === undefined ? {} : { "content-range": `bytes ${first}-${last}/${record.bytes}` }),
      ...(wantsChecksum ? checksumHeaders(record.checksum) : {}),
      ...ENCRYPTION_HEADER,
    },
    first,
    last,
  };
}

/** S3 tells only those who may list the bucket that an object is missing. */
function absent(request: S3Request, store: S3Store): Error {
  const listing = store.access.evaluate(request.caller, {
    action: "s3:ListBucket",
    resourceArn: bucketArn(request.bucket),
  });
  return listing.allowed ? noSuchKey(keyOf(request)) : s3Error("AccessDenied", listing.message);
}

/** The reader's pace holds the file back; a reader who goes away ends it. */
async function send(bytes: NodeJS.ReadableStream, response: ServerResponse): Promise<void> {
  try {
    await pipeline(bytes, response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}
