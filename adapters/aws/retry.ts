/** Tries again what may succeed the second time. Waits grow and are drawn at random, so that many callers do not return together. */
export interface RetryPolicy {
  /** All tries, the first included. */
  readonly attempts: number;
  readonly firstWaitMillis: number;
  isRetryable(error: unknown): boolean;
}

export interface RetryWorld {
  random(): number;
  sleep(millis: number): Promise<void>;
}

export const REAL_WORLD: RetryWorld = {
  random: Math.random,
  sleep: (millis) => new Promise((resolve) => setTimeout(resolve, millis)),
};

export async function withRetries<T>(work: () => Promise<T>, policy: RetryPolicy, world: RetryWorld): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= policy.attempts || !policy.isRetryable(error)) throw error;
      // "Full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
      await world.sleep(world.random() * policy.firstWaitMillis * 2 ** (attempt - 1));
    }
  }
}
