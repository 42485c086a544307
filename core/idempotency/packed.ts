/** 4 bytes of header length (little-endian), a JSON header, and bytes. */
const LENGTH_BYTES = 4;

export function packed(header: Readonly<Record<string, unknown>>, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = Buffer.from(JSON.stringify(header), "utf8");
  const bytes = Buffer.allocUnsafe(LENGTH_BYTES + json.length + data.length);
  bytes.writeUInt32LE(json.length);
  bytes.set(json, LENGTH_BYTES);
  bytes.set(data, LENGTH_BYTES + json.length);
  return bytes;
}

/** Throws an Error for anything else. */
export function unpacked(bytes: Uint8Array): {
  readonly header: Readonly<Record<string, unknown>>;
  readonly data: Uint8Array;
} {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.length < LENGTH_BYTES)
    throw new Error(`packed bytes begin with their header's length; these are ${view.length}`);
  const end = LENGTH_BYTES + view.readUInt32LE(0);
  if (end > view.length) throw new Error(`the header of packed bytes ends at ${end}, they at ${view.length}`);
  const header: unknown = JSON.parse(view.toString("utf8", LENGTH_BYTES, end));
  if (typeof header !== "object" || header === null) throw new Error("the header of packed bytes is no object");
  return { header: header as Readonly<Record<string, unknown>>, data: view.subarray(end) };
}
