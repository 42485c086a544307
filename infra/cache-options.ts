/** The cache that all functions of an environment share, as farthing.config.ts describes it. */
import * as z from "zod";

/** Defaults of a cache. */
export const CACHE = { maxGb: 1, maxEcpuPerSecond: 5000 } as const;

export const cacheSchema = z.strictObject({
  /** Most that it may hold, GB, 1 to 5000. Beyond it what was asked for longest ago goes. Default 1: at most 61 USD a month. */
  maxGb: z.int().min(1).max(5000).default(CACHE.maxGb),
  /**
   * Most processing units a second, 1000 to 15,000,000 (a hit of up to 1 kB takes one); beyond it requests are answered without
   * the cache. Default 5000: at most 30 USD a month.
   */
  maxEcpuPerSecond: z.int().min(1000).max(15_000_000).default(CACHE.maxEcpuPerSecond),
});

export type CacheOptions = z.infer<typeof cacheSchema>;

/** Of the cache, of its one user, and of the group that the user is in. */
export const sharedCacheName = (environment: string): string => `farthing-${environment}`;
