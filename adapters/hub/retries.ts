import type { Hub } from "./hub.ts";

const ATTEMPTS = 5;
const FIRST_PAUSE_MILLIS = 500;

export const isRetryable = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** What `fetch` throws when the network fails: https://fetch.spec.whatwg.org, TypeError; and what our own clocks throw. */
const NETWORK_FAILURES = new Set(["TypeError", "TimeoutError", "AbortError"]);

/** Errors of the network, and those that say so themselves. */
function isTransient(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return "isTransient" in error || ("name" in error && NETWORK_FAILURES.has(String(error.name)));
}

/**
 * `progress`: how far the work has come; an attempt that came further than the ones before does not count, so that a long
 * download over a bad line ends at some time.
 */
export async function withRetries<T>(hub: Hub, work: () => Promise<T>, progress: () => number = () => 0): Promise<T> {
  let furthest = progress();
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (progress() > furthest) {
        furthest = progress();
        attempt = 1;
      }
      if (!isTransient(error) || attempt >= ATTEMPTS) throw error;
      hub.emit({ type: "retry", reason: reasonOf(error) });
      await hub.sleep(FIRST_PAUSE_MILLIS * 2 ** (attempt - 1));
    }
  }
}

/** "fetch failed" is what Node says of everything; the cause says what it was. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { readonly cause?: Partial<Error> };
  return cause?.message || cause?.name ? `${message}: ${cause.message || cause.name}` : message;
}
