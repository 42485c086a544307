/**
 * What one model has read for a tenant lately: the next turn of a chat begins with the last one, and only its new part has to
 * be read. A tenant's readings serve nobody else: neither what a request says nor how fast it is answered tells of others.
 */
import type { Reading } from "./causal-graph.ts";
import type { SharedKeyValueMemory } from "./key-value-memory.ts";

export interface KeptReadings {
  /** A reading that holds the longest kept beginning of `ids`, all but two tokens at most; it is the caller's from now on. */
  take(tenant: string, ids: readonly number[]): Reading | undefined;
  /** `ids`: what the reading holds. It is released when it is not worth keeping. */
  keep(tenant: string, ids: readonly number[], reading: Reading): void;
  /** Releases all, and keeps nothing more. */
  close(): void;
}

export const KEPT = {
  readings: 8,
  /** Of the memory that requests could have. */
  memoryShare: 0.5,
  /** Shorter beginnings are read in the time that looking after them takes. */
  leastTokens: 16,
} as const;

/** Something must be read to have logits; and one token alone may be read by other kernels than a prompt. */
const LEFT = 2;

interface Entry {
  readonly tenant: string;
  readonly ids: readonly number[];
  readonly reading: Reading;
}

export function createKeptReadings(memory: SharedKeyValueMemory): KeptReadings {
  /** Least recently used first. */
  let entries: readonly Entry[] = [];
  let isClosed = false;
  const remove = memory.add({ dropOne });

  function dropOne(): boolean {
    const [oldest, ...others] = entries;
    if (oldest === undefined) return false;
    entries = others;
    oldest.reading.release();
    return true;
  }

  const bytes = (): number => entries.reduce((sum, { reading }) => sum + reading.bytes, 0);

  return {
    take(tenant, ids) {
      let best: Entry | undefined;
      let longest = 0;
      for (const entry of entries) {
        if (entry.tenant !== tenant) continue;
        const shared = Math.min(commonBeginning(entry.ids, ids), ids.length - LEFT);
        // Of equals the latest, and one that is wholly of use before one that is to be copied.
        if (shared >= KEPT.leastTokens && shared >= longest && (shared > longest || best?.ids.length !== shared)) {
          best = entry;
          longest = shared;
        }
      }
      if (best === undefined) return undefined;
      const { reading } = best;
      const others = entries.filter((entry) => entry !== best);
      if (best.ids.length === longest) {
        entries = others;
        return reading;
      }
      entries = [...others, best];
      return forked(reading, longest);
    },

    keep(tenant, ids, reading) {
      if (isClosed || ids.length < KEPT.leastTokens) return reading.release();
      // What the new one begins with is of no use by itself any more.
      const isPartOfNew = (entry: Entry) =>
        entry.tenant === tenant && commonBeginning(entry.ids, ids) === entry.ids.length;
      for (const entry of entries) if (isPartOfNew(entry)) entry.reading.release();
      entries = [...entries.filter((entry) => !isPartOfNew(entry)), { tenant, ids, reading }];
      const most = memory.mostBytes() * KEPT.memoryShare;
      while (entries.length > KEPT.readings || bytes() > most) dropOne();
    },

    close() {
      isClosed = true;
      remove();
      while (dropOne());
    },
  };
}

/** Without memory for a copy, the text is read again: that may wait for memory, this must not. */
function forked(reading: Reading, length: number): Reading | undefined {
  try {
    return reading.fork(length);
  } catch {
    return undefined;
  }
}

function commonBeginning(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let at = 0;
  while (at < end && a[at] === b[at]) at++;
  return at;
}
