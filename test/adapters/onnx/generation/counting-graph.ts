/**
 * A language model that is no network: what comes next depends on all that was read. Its readings are lists of ids, so that
 * a cache that is cut, forked or handed on wrongly shows in the logits.
 */
import type { CausalGraph, Reading } from "../../../../adapters/onnx/generation/causal-graph.ts";
import type { KeyValueMemory } from "../../../../adapters/onnx/generation/key-value-memory.ts";

export const VOCABULARY = 12;
export const BYTES_PER_TOKEN = 10;

export interface CountingGraph extends CausalGraph {
  /** Sizes of all runs. */
  readonly runs: number[];
}

/** `isSteady`: how a token is read does not change what comes next. */
export function countingGraph(memory: KeyValueMemory, isSteady = true): CountingGraph {
  const runs: number[] = [];

  function readingOf(first: readonly number[]): Reading {
    let ids = [...first];
    memory.take(ids.length * BYTES_PER_TOKEN);

    function readEach(more: readonly number[]): Float32Array[] {
      memory.take(more.length * BYTES_PER_TOKEN);
      runs.push(more.length);
      return more.map((id) => {
        ids.push(id);
        return logitsAfter(ids, isSteady ? 0 : more.length);
      });
    }
    const cutTo = (length: number): void => {
      memory.give((ids.length - length) * BYTES_PER_TOKEN);
      ids = ids.slice(0, length);
    };

    return {
      get length() {
        return ids.length;
      },
      get bytes() {
        return ids.length * BYTES_PER_TOKEN;
      },
      read: async (more) => readEach(more).at(-1) as Float32Array,
      readEach: async (more) => readEach(more),
      mark: () => ({ length: ids.length }),
      returnTo: ({ length }) => cutTo(length),
      cutTo,
      fork: (length) => readingOf(ids.slice(0, length)),
      setSteady() {},
      release: () => cutTo(0),
    };
  }

  return {
    runs,
    canBeSteady: false,
    start: () => readingOf([]),
    mostTokens: () => memory.mostBytes() / BYTES_PER_TOKEN,
  };
}

/** Half of the time the token that follows in a circle, so that texts repeat themselves. */
function logitsAfter(ids: readonly number[], noise: number): Float32Array {
  let hash = 7 + noise;
  for (const id of ids) hash = (Math.imul(hash, 31) + id + 1) | 0;
  const logits = Float32Array.from({ length: VOCABULARY }, (_, id) => ((Math.imul(hash, id + 3) >>> 8) % 100) / 25);
  if ((hash & 1) === 0) logits[((ids.at(-1) as number) + 1) % VOCABULARY] = 5;
  return logits;
}
