/** 4 bytes of header length (little-endian), a JSON header, and whatever bytes the header announces. */
import { isJsonObject, type JsonObject } from "../json/parse-json.ts";
import { RESPONSE_FRAME, type WireHeader } from "./forward.ts";

const LENGTH_BYTES = 4;

export function frame(header: WireHeader, chunks: readonly Uint8Array[] = []): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32LE(json.length);
  return Buffer.concat([length, json, ...chunks]);
}

export interface ReadFrame {
  readonly header: JsonObject;
  /** What follows the header. */
  readonly data: Uint8Array;
}

/** The first frame of `bytes`; undefined while its header is not all there. Throws plain Errors. */
export function readFrame(bytes: Uint8Array): ReadFrame | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined;
  const readable = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = LENGTH_BYTES + readable.readUInt32LE(0);
  if (end > bytes.length) return undefined;
  const header: unknown = JSON.parse(readable.toString("utf8", LENGTH_BYTES, end));
  if (!isJsonObject(header) || header.farthing !== RESPONSE_FRAME) throw new Error(`not a ${RESPONSE_FRAME} frame`);
  return { header, data: bytes.subarray(end) };
}
