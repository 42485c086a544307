/** For every graph: what one run gives is fed to the next, as it is. */
import { type OnnxTensor, onnxRuntime } from "../runtime.ts";
import type { CacheMark, CacheSlot, KeyValueCache } from "./key-value-cache.ts";

interface FedBackMark extends CacheMark {
  readonly past: Readonly<Record<string, OnnxTensor>>;
}

export function fedBackCache(slots: readonly CacheSlot[]): KeyValueCache {
  let state: FedBackMark = { length: 0, past: Object.fromEntries(slots.map((slot) => [slot.past, nothing(slot)])) };
  return {
    get length() {
      return state.length;
    },
    outputs: slots.map(({ present }) => present),
    feeds: () => state.past,
    add(count, results) {
      const past = Object.fromEntries(slots.map((slot) => [slot.past, results[slot.present] as OnnxTensor]));
      state = { length: state.length + count, past };
    },
    // Tensors are never changed, so a mark is what was there.
    mark: () => state,
    returnTo(mark) {
      state = mark as FedBackMark;
    },
  };
}

function nothing({ type, heads, size }: CacheSlot): OnnxTensor {
  const data = type === "float32" ? new Float32Array(0) : new Uint16Array(0);
  return new (onnxRuntime().Tensor)(type, data, [1, heads, 0, size]);
}
