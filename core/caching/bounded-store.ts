/** Questions to a store that may be slow, gone or mad: answered in time, or not at all; and not asked while it fails. */
import type { CircuitBreaker } from "../routing/circuit-breaker.ts";
import type { Clock } from "../serving/clock.ts";
import type { AnswerStore } from "./answer-store.ts";

/** All that a request waits for the store before it is worked on: 15 ms, for what is kept and then for the claim on making it. */
export const LOOKUP_MILLIS = 10;
export const CLAIMING_MILLIS = 5;

export interface BoundedStore {
  /** What the store answers within `millis`; undefined: it did not, or it is not asked now. Never rejects. */
  ask<T>(question: (store: AnswerStore) => Promise<T>, millis: number): Promise<T | undefined>;
  /** Behind the answers, where nobody waits. */
  tell(work: (store: AnswerStore) => Promise<unknown>): Promise<void>;
}

/** Longest that something behind an answer may take: a process is not frozen before it is done. */
const BEHIND_MILLIS = 500;

export function createBoundedStore(
  store: AnswerStore,
  { breaker, clock }: { readonly breaker: CircuitBreaker; readonly clock: Clock },
): BoundedStore {
  function bounded<T>(work: (store: AnswerStore) => Promise<T>, millis: number): Promise<T | undefined> {
    if (!breaker.admits(clock.epochMillis())) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      let isDecided = false;
      const decide = (value: T | undefined, failed: boolean): void => {
        if (isDecided) return;
        isDecided = true;
        patience.stop();
        if (failed) breaker.failed(clock.epochMillis());
        else breaker.succeeded(clock.epochMillis());
        resolve(value);
      };
      const patience = waitFor(millis, clock, () => decide(undefined, true));
      try {
        work(store).then(
          (value) => decide(value, false),
          () => decide(undefined, true),
        );
      } catch {
        decide(undefined, true);
      }
    });
  }

  return {
    ask: (question, millis) => (store.isOpen() ? bounded(question, millis) : Promise.resolve(undefined)),
    async tell(work) {
      await bounded(work, BEHIND_MILLIS);
    },
  };
}

const SLICES = 3;

/**
 * Calls back after `millis` in which this process could have read an answer. One that waits for its processor finds the time over
 * and the answer unread, which is no fault of the store's: so time passes in slices, and a late one counts for no more than itself.
 */
function waitFor(millis: number, clock: Clock, callback: () => void): { stop(): void } {
  let left = SLICES;
  let cancel = (): void => {};
  const next = (): void => {
    if (left === 0) return callback();
    left--;
    cancel = clock.after(millis / SLICES, next);
  };
  next();
  return { stop: () => cancel() };
}
