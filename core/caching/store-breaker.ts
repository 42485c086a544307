/**
 * A circuit breaker for what is asked in every request: it remembers how the last sixteen questions ended and nothing else, so that it
 * costs the same at any rate. Half of them failed → nobody asks for a while; then one tries, and the wait doubles while it fails.
 */
import type { CircuitBreaker } from "../routing/circuit-breaker.ts";

export const STORE_BREAKER = {
  questions: 16,
  /** Open from so many failures on, of the last `questions`. */
  failures: 5,
  openForMillis: 2_000,
  longestOpenMillis: 60_000,
} as const;

const MASK = 2 ** STORE_BREAKER.questions - 1;

export function createStoreBreaker(): CircuitBreaker {
  /** A bit for each question, 1 for a failure; the last one lowest. */
  let outcomes = 0;
  /** 0: closed. */
  let openForMillis = 0;
  let untilMillis = 0;
  let isTrying = false;

  function failuresOf(bits: number): number {
    let count = 0;
    for (let rest = bits; rest > 0; rest &= rest - 1) count++;
    return count;
  }

  function open(nowMillis: number, forMillis: number): void {
    outcomes = 0;
    isTrying = false;
    openForMillis = Math.min(forMillis, STORE_BREAKER.longestOpenMillis);
    untilMillis = nowMillis + openForMillis;
  }

  return {
    admits(nowMillis) {
      if (openForMillis === 0) return true;
      if (isTrying || nowMillis < untilMillis) return false;
      isTrying = true;
      return true;
    },
    succeeded() {
      if (openForMillis === 0) outcomes = (outcomes << 1) & MASK;
      // What was asked before it opened says nothing of now.
      else if (isTrying) {
        openForMillis = 0;
        isTrying = false;
      }
    },
    failed(nowMillis) {
      if (isTrying) return open(nowMillis, 2 * openForMillis);
      if (openForMillis > 0) return;
      outcomes = ((outcomes << 1) | 1) & MASK;
      if (failuresOf(outcomes) >= STORE_BREAKER.failures) open(nowMillis, STORE_BREAKER.openForMillis);
    },
    released() {
      isTrying = false;
    },
    closedInMillis: (nowMillis) => (openForMillis === 0 ? 0 : Math.max(0, untilMillis - nowMillis)),
  };
}
