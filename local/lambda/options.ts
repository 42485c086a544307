import { availableParallelism } from "node:os";

/** How this machine stands in for a region; what AWS limits by quota, one machine limits by its cores. */
export interface LambdaOptions {
  /**
   * Requests that run at once, counted for each depth of a chain of synchronous calls (a function that waits for
   * another holds no slot of the other's depth, so that a chain cannot lock itself up). AWS: 1,000 per region.
   * Default: 2 × cores, at least 4.
   */
  readonly concurrency: number;
  /** Execution environments that initialise at once; a start takes a core. Default: cores. */
  readonly parallelStarts: number;
  /** Requests that may wait for an environment, for each depth; AWS keeps none and throttles. Default: 1000. */
  readonly maxQueuedRequests: number;
  /** How long one may wait before it is throttled. Default: 30,000. */
  readonly maxQueueMillis: number;
  /** An environment that is idle for longer is removed. AWS says nothing; 5 to 15 minutes are seen. Default: 600,000. */
  readonly idleMillis: number;
  /** How often a busy environment's memory is read; 0: never. Default: 100. */
  readonly memorySampleMillis: number;
  /** Events that may wait for an asynchronous invocation. Default: 1000. */
  readonly maxQueuedEvents: number;
  /** Waits before the second and the third try of an asynchronous event. Default: 60,000 and 120,000, as in AWS. */
  readonly eventRetryMillis: readonly number[];
}

export function defaultLambdaOptions(cores = availableParallelism()): LambdaOptions {
  return {
    concurrency: Math.max(4, 2 * cores),
    parallelStarts: cores,
    maxQueuedRequests: 1000,
    maxQueueMillis: 30_000,
    idleMillis: 600_000,
    memorySampleMillis: 100,
    maxQueuedEvents: 1000,
    eventRetryMillis: [60_000, 120_000],
  };
}
