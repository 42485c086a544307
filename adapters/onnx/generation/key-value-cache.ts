/** The keys and values of what a model has read, in the form in which its graph takes and gives them. */
import type { OnnxTensor } from "../runtime.ts";

/** A place to come back to: several choices go on from the end of one prompt. */
export interface CacheMark {
  readonly length: number;
}

export interface KeyValueCache {
  /** Tokens that were read. */
  readonly length: number;
  /** What a run that reads `count` tokens more is fed. */
  feeds(count: number): Readonly<Record<string, OnnxTensor>>;
  /** Outputs that the run must give. */
  readonly outputs: readonly string[];
  /** After the run. */
  add(count: number, results: Readonly<Record<string, OnnxTensor>>): void;
  mark(): CacheMark;
  /** Forgets what was read since. */
  returnTo(mark: CacheMark): void;
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
