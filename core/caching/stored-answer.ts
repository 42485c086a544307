/**
 * The bytes that are kept for an answer. They carry their own name, so that what lies under a wrong one is not taken; a
 * checksum, so that what was cut or changed is not; and the time they were made. Whatever is wrong with them: a miss.
 *
 *   0  4 bytes   CRC-32 of all that follows
 *   4  4 bytes   format, and whether the frames are compressed
 *   8  32 bytes  key of the answer
 *  40  8 bytes   milliseconds since the epoch when it was made
 *  48  4 bytes   length of the frames
 *  52            the frames, each after its length of 4 bytes; all numbers little-endian
 */

/** Loaded with the first answer that is kept: 1.5 ms that a cold start has no use for. */
const zlib = () => process.getBuiltinModule("node:zlib");

const PLAIN = 0x31414346; // "FCA1"
const COMPRESSED = 0x32414346; // "FCA2"
const HEADER_BYTES = 52;
const AT = { checksum: 0, format: 4, key: 8, madeAt: 40, length: 48 } as const;

/**
 * Measured on two processors at 2.6 GHz (bench cache): a stream's frames repeat themselves and shrink to a tenth in 60 µs for
 * 20 kB; vectors and tensors hardly shrink. Below 2 kB one packet holds either, and undoing it would cost more than the rest of a hit.
 */
const COMPRESS_FROM_BYTES = 2_048;
const WORTH_IT = 0.75;
const level = () => ({ params: { [zlib().constants.ZSTD_c_compressionLevel]: 1 } });
/** More than any rule allows: a few bytes cannot make a process fill its memory. */
const MAX_FRAMES_BYTES = 64 * 1024 * 1024;

export interface StoredAnswer {
  readonly frames: readonly Uint8Array[];
  /** Milliseconds since the epoch. */
  readonly madeAtMillis: number;
}

export function encodeStoredAnswer(key: Uint8Array, { frames, madeAtMillis }: StoredAnswer): Uint8Array {
  const plain = joined(frames);
  const packed = worthCompressing(plain, frames.length) ? zlib().zstdCompressSync(plain, level()) : plain;
  const isCompressed = packed.length <= plain.length * WORTH_IT;
  const payload = isCompressed ? packed : plain;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length);
  bytes.writeUInt32LE(isCompressed ? COMPRESSED : PLAIN, AT.format);
  bytes.set(key, AT.key);
  bytes.writeDoubleLE(madeAtMillis, AT.madeAt);
  bytes.writeUInt32LE(plain.length, AT.length);
  bytes.set(payload, HEADER_BYTES);
  bytes.writeUInt32LE(checksum(bytes), AT.checksum);
  return bytes;
}

/** Undefined: no answer of that key, or not whole any more. */
export function decodeStoredAnswer(key: Uint8Array, received: Uint8Array): StoredAnswer | undefined {
  if (received.length < HEADER_BYTES) return undefined;
  const bytes = Buffer.from(received.buffer, received.byteOffset, received.byteLength);
  const format = bytes.readUInt32LE(AT.format);
  if (format !== PLAIN && format !== COMPRESSED) return undefined;
  if (bytes.compare(key, 0, key.length, AT.key, AT.madeAt) !== 0) return undefined;
  if (bytes.readUInt32LE(AT.checksum) !== checksum(bytes)) return undefined;
  const plainBytes = bytes.readUInt32LE(AT.length);
  const payload = bytes.subarray(HEADER_BYTES);
  const plain = format === PLAIN ? payload : decompressed(payload, plainBytes);
  if (plain?.length !== plainBytes) return undefined;
  const frames = split(plain);
  return frames && { frames, madeAtMillis: bytes.readDoubleLE(AT.madeAt) };
}

/** Before compression. */
export const storedBytes = (frames: readonly Uint8Array[]): number =>
  frames.reduce((sum, { length }) => sum + 4 + length, HEADER_BYTES);

const checksum = (bytes: Uint8Array): number => zlib().crc32(bytes.subarray(AT.format));

/** A single frame is a whole result: numbers. */
const worthCompressing = (plain: Uint8Array, frames: number): boolean =>
  frames > 1 && plain.length >= COMPRESS_FROM_BYTES;

function decompressed(payload: Uint8Array, plainBytes: number): Buffer | undefined {
  if (plainBytes > MAX_FRAMES_BYTES) return undefined;
  try {
    return zlib().zstdDecompressSync(payload, { maxOutputLength: Math.max(1, plainBytes) });
  } catch {
    return undefined;
  }
}

function joined(frames: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(frames.reduce((sum, { length }) => sum + 4 + length, 0));
  let at = 0;
  for (const frame of frames) {
    at = bytes.writeUInt32LE(frame.length, at);
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

function split(bytes: Buffer): readonly Uint8Array[] | undefined {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 4 > bytes.length) return undefined;
    const end = at + 4 + bytes.readUInt32LE(at);
    if (end > bytes.length) return undefined;
    frames.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return frames;
}
