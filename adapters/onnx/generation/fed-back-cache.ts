/** For every graph: what one run gives is fed to the next, as it is. */
import { type OnnxTensor, onnxRuntime } from "../runtime.ts";
import {
  bytesPerToken,
  type CacheKind,
  type CacheMark,
  type CacheSlot,
  copyRows,
  type KeyValueCache,
  type Numbers,
  numbers,
} from "./key-value-cache.ts";
import type { KeyValueMemory } from "./key-value-memory.ts";

interface State extends CacheMark {
  readonly past: Readonly<Record<string, OnnxTensor>>;
}

/** During a run there is the past, and what will be the next one. */
const COPIES = 2;

export const fedBackCache: CacheKind = {
  create: (slots, memory) => fedBack(slots, memory, { length: 0, past: pastOf(slots, 0, () => {}) }),
  tokensIn: (bytes, slots) => Math.floor(bytes / (COPIES * bytesPerToken(slots))),
};

function fedBack(slots: readonly CacheSlot[], memory: KeyValueMemory, first: State): KeyValueCache {
  const perToken = COPIES * bytesPerToken(slots);
  let state = first;
  /** Tokens that memory is taken for. */
  let taken = 0;

  function takeFor(tokens: number): void {
    if (tokens > taken) memory.take((tokens - taken) * perToken);
    else memory.give((taken - tokens) * perToken);
    taken = tokens;
  }

  function cut(length: number): State {
    const past = pastOf(slots, length, (buffer, slot) =>
      copyRows((state.past[slot.past] as OnnxTensor).data as Numbers, buffer, slot, {
        length,
        from: state.length,
        to: length,
      }),
    );
    return { length, past };
  }

  takeFor(first.length);

  return {
    get length() {
      return state.length;
    },
    get bytes() {
      return taken * perToken;
    },
    outputs: slots.map(({ present }) => present),
    feeds(count) {
      if (state.length + count > taken) takeFor(state.length + count);
      return state.past;
    },
    add(count, results) {
      const past = Object.fromEntries(slots.map((slot) => [slot.past, results[slot.present] as OnnxTensor]));
      state = { length: state.length + count, past };
    },
    // Tensors are never changed, so a mark is what was there.
    mark: () => state,
    returnTo(mark) {
      state = mark as State;
      takeFor(state.length);
    },
    cutTo(length) {
      if (length < state.length) state = cut(length);
      takeFor(length);
    },
    fork: (length) => fedBack(slots, memory, length === state.length ? state : cut(length)),
    release() {
      takeFor(0);
      state = { length: 0, past: {} };
    },
  };
}

function pastOf(
  slots: readonly CacheSlot[],
  length: number,
  fill: (buffer: Numbers, slot: CacheSlot) => void,
): Readonly<Record<string, OnnxTensor>> {
  const { Tensor } = onnxRuntime();
  return Object.fromEntries(
    slots.map((slot) => {
      const { past, type, heads, size } = slot;
      const buffer = numbers(type, heads * length * size);
      fill(buffer, slot);
      return [past, new Tensor(type, buffer, [1, heads, length, size])];
    }),
  );
}
