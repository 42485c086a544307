/** The last answers' times, and how long the slow ones of them took: when to stop waiting alone. */
export interface LatencyWindow {
  add(millis: number): void;
  /** Undefined while too few are known to say anything. */
  quantile(share: number): number | undefined;
}

const SIZE = 128;
const FEWEST = 20;
/** Sorting for every request would cost more than it tells. */
const SORT_EVERY = 16;

export function createLatencyWindow(): LatencyWindow {
  const values: number[] = [];
  let added = 0;
  let sorted: number[] = [];
  return {
    add(millis) {
      values[added % SIZE] = millis;
      added++;
      if (added >= FEWEST && (sorted.length === 0 || added % SORT_EVERY === 0))
        sorted = [...values].sort((a, b) => a - b);
    },
    quantile: (share) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)],
  };
}
