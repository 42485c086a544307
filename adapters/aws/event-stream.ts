/**
 * AWS's framing of streamed answers: https://docs.aws.amazon.com/transcribe/latest/dg/streaming-setting-up.html#streaming-event-stream
 * Per message: total length, header length, checksum of both; headers; payload; checksum of all before it.
 */
export interface StreamMessage {
  /** String headers only: `:message-type`, `:event-type`, `:exception-type`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Buffer;
}

const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
/** Larger than any message of Lambda; a length beyond it is garbage, not a promise to wait for. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024 + PRELUDE_BYTES;
const STRING_HEADER = 7;

/** Throws an Error for bytes that are no such stream, and when it ends inside a message. */
export async function* readEventStream(chunks: AsyncIterable<Buffer>): AsyncGenerator<StreamMessage> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= PRELUDE_BYTES) {
      const length = rest.readUInt32BE(0);
      if (length < PRELUDE_BYTES + CHECKSUM_BYTES || length > MAX_MESSAGE_BYTES) {
        throw new Error(`event stream: a message of ${length} bytes`);
      }
      if (rest.length < length) break;
      yield messageOf(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }
  if (rest.length > 0) throw new Error(`event stream: ends ${rest.length} bytes into a message`);
}

function messageOf(bytes: Buffer): StreamMessage {
  // Loaded by who reads such streams, the router, and not with the bundle by everyone.
  const { crc32 } = process.getBuiltinModule("node:zlib");
  const end = bytes.length - CHECKSUM_BYTES;
  if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32BE(end))
    throw new Error("event stream: a checksum does not match");
  const headersEnd = PRELUDE_BYTES + bytes.readUInt32BE(4);
  if (headersEnd > end) throw new Error("event stream: headers longer than their message");
  return { headers: headersOf(bytes.subarray(PRELUDE_BYTES, headersEnd)), payload: bytes.subarray(headersEnd, end) };
}

function headersOf(bytes: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + bytes.readUInt8(at);
    const name = bytes.toString("utf8", at + 1, nameEnd);
    if (bytes.readUInt8(nameEnd) !== STRING_HEADER) throw new Error(`event stream: header ${name} is no string`);
    const valueEnd = nameEnd + 3 + bytes.readUInt16BE(nameEnd + 1);
    headers[name] = bytes.toString("utf8", nameEnd + 3, valueEnd);
    at = valueEnd;
  }
  return headers;
}
