/**
 * Streams on their way, as lists. Every element says where it stands, so that a list whose beginning was lost (evicted, flushed)
 * is not taken for a whole one; and carries a checksum. Why lists that are looked at, and not streams that are waited for:
 * docs/decisions/2026-11-24-own-valkey-client.md.
 */
import type { FrameLog } from "../../core/caching/frame-log.ts";
import type { Clock } from "../../core/serving/clock.ts";
import type { ValkeyClient } from "./client.ts";

/** Position, checksum of all that follows it, and what the element is. */
const HEAD_BYTES = 9;
const FRAME = 0;
const END = 1;

/** Between two looks for the next frame. */
const FIRST_PAUSE_MILLIS = 2;
const LONGEST_PAUSE_MILLIS = 20;

const crc32 = (bytes: Uint8Array): number => process.getBuiltinModule("node:zlib").crc32(bytes);
const nameOf = (log: string): string => `f:${log}`;

export function valkeyFrameLog(client: ValkeyClient, clock: Clock): FrameLog {
  /** Of logs that this process writes. */
  const written = new Map<string, number>();
  const slept = (millis: number): Promise<void> => new Promise((resolve) => void clock.after(millis, resolve));

  async function push(log: string, elements: readonly Uint8Array[], ttlMillis: number): Promise<void> {
    if (elements.length === 0) return;
    const key = nameOf(log);
    // Sent together: one round trip.
    await Promise.all([
      client.write(key, ["RPUSH", key, ...elements]),
      client.write(key, ["PEXPIRE", key, String(Math.ceil(ttlMillis))]),
    ]);
  }

  return {
    async append(log, frames, ttlMillis) {
      const position = written.get(log) ?? 0;
      written.set(log, position + frames.length);
      await push(
        log,
        frames.map((frame, index) => element(FRAME, position + index, frame)),
        ttlMillis,
      );
    },
    async end(log, ttlMillis) {
      const position = written.get(log) ?? 0;
      written.delete(log);
      await push(log, [element(END, position, new Uint8Array(0))], ttlMillis);
    },
    async read(log, from, waitMillis) {
      const until = clock.monotonicMillis() + waitMillis;
      const key = nameOf(log);
      for (let pause = FIRST_PAUSE_MILLIS; ; pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 1.5)) {
        // One element more than asked for: it tells a log without news from one that is gone.
        const reply = await client.ask(key, ["LRANGE", key, String(Math.max(0, from - 1)), "-1"]);
        const part = Array.isArray(reply) ? readElements(reply, from) : undefined;
        if (part === undefined) return { type: "absent" };
        const left = until - clock.monotonicMillis();
        if (part.frames.length > 0 || part.ended || left <= 0) return { type: "frames", ...part };
        await slept(Math.min(pause, left));
      }
    },
    async remove(log) {
      written.delete(log);
      await client.ask(nameOf(log), ["UNLINK", nameOf(log)]);
    },
  };
}

function element(kind: number, position: number, frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + frame.length);
  bytes.writeUInt32LE(position, 0);
  bytes[8] = kind;
  bytes.set(frame, HEAD_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** From the element before `from` on, where there is one. Undefined: something is missing. */
function readElements(
  elements: readonly unknown[],
  from: number,
): { readonly frames: readonly Uint8Array[]; readonly ended: boolean } | undefined {
  const frames: Uint8Array[] = [];
  let position = Math.max(0, from - 1);
  let ended = false;
  if (elements.length === 0) return undefined;
  for (const bytes of elements) {
    if (!Buffer.isBuffer(bytes) || bytes.length < HEAD_BYTES || ended) return undefined;
    if (bytes.readUInt32LE(0) !== position || bytes.readUInt32LE(4) !== crc32(bytes.subarray(8))) return undefined;
    if (bytes[8] === END) ended = true;
    else if (position >= from) frames.push(bytes.subarray(HEAD_BYTES));
    position++;
  }
  return { frames, ended };
}
