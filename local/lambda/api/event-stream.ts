import { crc32 } from "node:zlib";

const PRELUDE_BYTES = 12;
const CRC_BYTES = 4;
const STRING_TYPE = 7;

/**
 * One message of `application/vnd.amazon.eventstream`: lengths and their checksum, headers, payload, checksum of it all.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html
 */
export function encodeEvent(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const encodedHeaders = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)));
  const length = PRELUDE_BYTES + encodedHeaders.length + payload.byteLength + CRC_BYTES;
  const message = Buffer.alloc(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(encodedHeaders.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.set(encodedHeaders, PRELUDE_BYTES);
  message.set(payload, PRELUDE_BYTES + encodedHeaders.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - CRC_BYTES)), length - CRC_BYTES);
  return message;
}

function encodeHeader(name: string, value: string): Buffer {
  const encodedName = Buffer.from(name);
  const encodedValue = Buffer.from(value);
  const head = Buffer.alloc(1 + encodedName.length + 3);
  head.writeUInt8(encodedName.length, 0);
  head.set(encodedName, 1);
  head.writeUInt8(STRING_TYPE, 1 + encodedName.length);
  head.writeUInt16BE(encodedValue.length, 2 + encodedName.length);
  return Buffer.concat([head, encodedValue]);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html */
export const payloadChunk = (chunk: Uint8Array): Buffer =>
  encodeEvent(
    { ":message-type": "event", ":event-type": "PayloadChunk", ":content-type": "application/octet-stream" },
    chunk,
  );

export const invokeComplete = (failure?: { readonly code: string; readonly details: string }): Buffer =>
  encodeEvent(
    { ":message-type": "event", ":event-type": "InvokeComplete", ":content-type": "application/json" },
    Buffer.from(
      JSON.stringify(failure === undefined ? {} : { ErrorCode: failure.code, ErrorDetails: failure.details }),
    ),
  );
