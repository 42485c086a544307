/**
 * For graphs with row outputs (row-outputs.ts): keys and values lie in buffers that runs read in place, and that grow as they
 * fill. A buffer has the room of some tokens more than it holds, not of all that may come: GroupQueryAttention clears as much
 * memory as it is given, in every step.
 */
import { type OnnxTensor, onnxRuntime } from "../runtime.ts";
import {
  bytesPerToken,
  type CacheKind,
  type CacheSlot,
  copyRows,
  type KeyValueCache,
  type Numbers,
  numbers,
} from "./key-value-cache.ts";
import type { KeyValueMemory } from "./key-value-memory.ts";
import { ROWS } from "./row-outputs.ts";

/** Room for at least these tokens more, and for an eighth of what is there. */
const LEAST_ROOM = 64;
const ROOM_SHARE = 8;

const roomFor = (tokens: number): number => tokens + Math.max(LEAST_ROOM, Math.ceil(tokens / ROOM_SHARE));

export const rowCache: CacheKind = {
  create: (slots, memory) => rows(slots, memory, 0, 0, () => {}),
  tokensIn(bytes, slots) {
    const capacity = Math.floor(bytes / bytesPerToken(slots));
    return Math.max(0, Math.min(capacity - LEAST_ROOM, Math.floor((capacity * ROOM_SHARE) / (ROOM_SHARE + 1)) - 1));
  },
};

/** Begins with `length` tokens, which `fill` puts into the buffers of a slot with the room of `capacity`. */
function rows(
  slots: readonly CacheSlot[],
  memory: KeyValueMemory,
  firstLength: number,
  firstCapacity: number,
  fill: (buffer: Numbers, slot: CacheSlot, index: number, capacity: number) => void,
): KeyValueCache {
  const perToken = bytesPerToken(slots);
  let length = firstLength;
  let capacity = 0;
  let buffers: Numbers[] = [];
  let past: Readonly<Record<string, OnnxTensor>> = {};

  function enlarge(larger: number, copy: typeof fill): void {
    memory.take((larger - capacity) * perToken);
    const { Tensor } = onnxRuntime();
    const grown = slots.map((slot, index) => {
      const buffer = numbers(slot.type, slot.heads * larger * slot.size);
      copy(buffer, slot, index, larger);
      return buffer;
    });
    buffers = grown;
    capacity = larger;
    past = Object.fromEntries(
      slots.map(({ past: name, type, heads, size }, index) => [
        name,
        new Tensor(type, buffers[index] as Numbers, [1, heads, capacity, size]),
      ]),
    );
  }

  const keepRows: typeof fill = (buffer, slot, index, larger) => {
    if (length > 0) copyRows(buffers[index] as Numbers, buffer, slot, { length, from: capacity, to: larger });
  };

  if (firstCapacity > 0) enlarge(firstCapacity, fill);

  return {
    get length() {
      return length;
    },
    get bytes() {
      return capacity * perToken;
    },
    outputs: [ROWS],
    feeds(count) {
      if (length + count > capacity) enlarge(roomFor(length + count), keepRows);
      return past;
    },
    add(count, results) {
      const added = (results[ROWS] as OnnxTensor).data as Numbers;
      let from = 0;
      for (const [index, { heads, size }] of slots.entries()) {
        const buffer = buffers[index] as Numbers;
        for (let head = 0; head < heads; head++) {
          buffer.set(added.subarray(from, from + count * size), (head * capacity + length) * size);
          from += count * size;
        }
      }
      length += count;
    },
    mark: () => ({ length }),
    // What lies behind the end is never read.
    returnTo(mark) {
      length = mark.length;
    },
    cutTo(shorter) {
      length = shorter;
    },
    fork(shorter) {
      return rows(slots, memory, shorter, roomFor(shorter), (buffer, slot, index, larger) =>
        copyRows(buffers[index] as Numbers, buffer, slot, { length: shorter, from: capacity, to: larger }),
      );
    },
    release() {
      memory.give(capacity * perToken);
      capacity = 0;
      length = 0;
      buffers = [];
      past = {};
    },
  };
}
