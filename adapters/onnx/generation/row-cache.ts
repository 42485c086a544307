/**
 * For graphs with row outputs (row-outputs.ts): keys and values lie in buffers that runs read in place, and that grow as they
 * fill. A buffer has the room of some tokens more than it holds, not of all that may come: GroupQueryAttention clears as much
 * memory as it is given, in every step.
 */
import { type OnnxTensor, onnxRuntime } from "../runtime.ts";
import type { CacheSlot, KeyValueCache } from "./key-value-cache.ts";
import { rowsOf } from "./row-outputs.ts";

type Numbers = Float32Array | Uint16Array;

/** Room for at least these tokens more, and for an eighth of what is there. */
const LEAST_ROOM = 64;
const ROOM_SHARE = 8;

export function rowCache(slots: readonly CacheSlot[]): KeyValueCache {
  let length = 0;
  let capacity = 0;
  let buffers: Numbers[] = slots.map(({ type }) => numbers(type, 0));
  let past: Readonly<Record<string, OnnxTensor>> = {};

  function makeRoom(needed: number): void {
    if (needed <= capacity) return;
    const larger = needed + Math.max(LEAST_ROOM, Math.ceil(needed / ROOM_SHARE));
    buffers = slots.map(({ type, heads, size }, index) => {
      const grown = numbers(type, heads * larger * size);
      const old = buffers[index] as Numbers;
      for (let head = 0; head < heads; head++) {
        const from = head * capacity * size;
        grown.set(old.subarray(from, from + length * size), head * larger * size);
      }
      return grown;
    });
    capacity = larger;
    const { Tensor } = onnxRuntime();
    past = Object.fromEntries(
      slots.map(({ past: name, type, heads, size }, index) => [
        name,
        new Tensor(type, buffers[index] as Numbers, [1, heads, capacity, size]),
      ]),
    );
  }

  return {
    get length() {
      return length;
    },
    outputs: slots.map(({ present }) => rowsOf(present)),
    feeds(count) {
      makeRoom(length + count);
      return past;
    },
    add(count, results) {
      for (const [index, { present, heads, size }] of slots.entries()) {
        const rows = (results[rowsOf(present)] as OnnxTensor).data as Numbers;
        const buffer = buffers[index] as Numbers;
        const block = count * size;
        for (let head = 0; head < heads; head++) {
          buffer.set(rows.subarray(head * block, (head + 1) * block), (head * capacity + length) * size);
        }
      }
      length += count;
    },
    mark: () => ({ length }),
    // What lies behind the end is never read.
    returnTo(mark) {
      length = mark.length;
    },
  };
}

const numbers = (type: CacheSlot["type"], count: number): Numbers =>
  type === "float32" ? new Float32Array(count) : new Uint16Array(count);
