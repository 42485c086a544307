/** The keys and values of what a model has read, in the form in which its graph takes and gives them. */
import type { OnnxTensor } from "../runtime.ts";
import type { KeyValueMemory } from "./key-value-memory.ts";

/** A place to come back to: several choices go on from the end of one prompt. */
export interface CacheMark {
  readonly length: number;
}

export interface KeyValueCache {
  /** Tokens that were read. */
  readonly length: number;
  /** Held in memory. */
  readonly bytes: number;
  /** What a run that reads `count` tokens more is fed. Throws `overloaded` when there is no memory for them. */
  feeds(count: number): Readonly<Record<string, OnnxTensor>>;
  /** Outputs that the run must give. */
  readonly outputs: readonly string[];
  /** After the run. */
  add(count: number, results: Readonly<Record<string, OnnxTensor>>): void;
  mark(): CacheMark;
  /** Forgets what was read since. */
  returnTo(mark: CacheMark): void;
  /** Forgets all but the first tokens. */
  cutTo(length: number): void;
  /** The first tokens once more: both go their own ways from there. Throws `overloaded` when there is no memory for them. */
  fork(length: number): KeyValueCache;
  /** Gives the memory back; the cache must not be used again. */
  release(): void;
}

/** One of the graph's pairs of a past and a present. */
export interface CacheSlot {
  readonly past: string;
  readonly present: string;
  readonly type: "float32" | "float16";
  readonly heads: number;
  /** Numbers of one token and head. */
  readonly size: number;
}

export interface CacheKind {
  create(slots: readonly CacheSlot[], memory: KeyValueMemory): KeyValueCache;
  /** How many tokens a cache may hold that has so much memory. */
  tokensIn(bytes: number, slots: readonly CacheSlot[]): number;
}

export type Numbers = Float32Array | Uint16Array;

export const numbers = (type: CacheSlot["type"], count: number): Numbers =>
  type === "float32" ? new Float32Array(count) : new Uint16Array(count);

export const bytesPerToken = (slots: readonly CacheSlot[]): number =>
  slots.reduce((sum, { type, heads, size }) => sum + heads * size * (type === "float32" ? 4 : 2), 0);

/** Rows of `length` tokens of every head, from where a head has room for `from` tokens to where it has room for `to`. */
export function copyRows(
  source: Numbers,
  target: Numbers,
  { heads, size }: Pick<CacheSlot, "heads" | "size">,
  { length, from, to }: { readonly length: number; readonly from: number; readonly to: number },
): void {
  for (let head = 0; head < heads; head++) {
    const start = head * from * size;
    target.set(source.subarray(start, start + length * size), head * to * size);
  }
}
