/**
 * Whichever answers first of two that do the same, the second one started only when the first is slow. The loser is told to
 * stop. J. Dean, L. A. Barroso: The Tail at Scale, CACM 56(2), 2013.
 */
import type { Clock } from "../serving/clock.ts";

export interface Hedged<T> {
  first(signal: AbortSignal): Promise<T>;
  second(signal: AbortSignal): Promise<T>;
  readonly afterMillis: number;
  /** Asked once, when the first one is late. */
  maySecond(): boolean;
  /** What the loser answered, although it was told to stop. */
  discard(value: T): void;
  readonly clock: Clock;
  /** Ends both, and the winner also after it has begun. */
  readonly signal?: AbortSignal | undefined;
}

/** Rejects with the first error when both fail. A first one that fails early is not helped by a second. */
export function firstOf<T>({ first, second, afterMillis, maySecond, discard, clock, signal }: Hedged<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const racers: AbortController[] = [];
    let running = 0;
    let isOver = false;
    let failure: unknown;
    const abortAll = (): void => {
      for (const racer of racers) racer.abort(signal?.reason);
    };
    signal?.addEventListener("abort", abortAll, { once: true });

    function end(): void {
      isOver = true;
      cancelTimer();
    }

    function start(work: (signal: AbortSignal) => Promise<T>): void {
      const racer = new AbortController();
      racers.push(racer);
      running++;
      if (signal?.aborted) racer.abort(signal.reason);
      work(racer.signal).then(
        (value) => {
          if (isOver) return discard(value);
          end();
          for (const other of racers) if (other !== racer) other.abort();
          resolve(value);
        },
        (error: unknown) => {
          running--;
          failure ??= error;
          if (isOver || running > 0) return;
          end();
          reject(failure);
        },
      );
    }

    const cancelTimer = clock.after(afterMillis, () => {
      if (!isOver && maySecond()) start(second);
    });
    start(first);
  });
}
