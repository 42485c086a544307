/**
 * A serverless cache's limits, read and changed through ElastiCache's API.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyServerlessCache.html
 */
import {
  DescribeServerlessCachesCommand,
  type ElastiCacheClient,
  ModifyServerlessCacheCommand,
} from "@aws-sdk/client-elasticache";
import type { CacheLimits } from "../../core/planner/cache-cost.ts";
import type { CacheInForce } from "../../core/planner/cache-limits.ts";

export interface ServerlessCache {
  /** Rejects when there is no such cache. */
  read(): Promise<{ readonly limits: CacheInForce; readonly status: string }>;
  /** Resolves when the service has taken the change; it is in force later. */
  change(limits: CacheLimits): Promise<void>;
}

/** A maximum that is not set is none; a minimum that is not set, or 0, is none. */
export function serverlessCacheOn(client: ElastiCacheClient, name: string): ServerlessCache {
  return {
    async read() {
      const { ServerlessCaches } = await client.send(
        new DescribeServerlessCachesCommand({ ServerlessCacheName: name }),
      );
      const [cache] = ServerlessCaches ?? [];
      if (cache === undefined) throw new Error(`ElastiCache answers without the cache "${name}"`);
      const { DataStorage, ECPUPerSecond } = cache.CacheUsageLimits ?? {};
      return {
        status: cache.Status ?? "unknown",
        limits: {
          minGb: DataStorage?.Minimum ?? 0,
          maxGb: DataStorage?.Maximum || Number.POSITIVE_INFINITY,
          minUnitsPerSecond: ECPUPerSecond?.Minimum ?? 0,
          maxUnitsPerSecond: ECPUPerSecond?.Maximum || Number.POSITIVE_INFINITY,
        },
      };
    },
    async change({ maxGb, maxUnitsPerSecond, minUnitsPerSecond }) {
      await client.send(
        new ModifyServerlessCacheCommand({
          ServerlessCacheName: name,
          CacheUsageLimits: {
            // A minimum of 0 takes the minimum away.
            DataStorage: { Minimum: 0, Maximum: maxGb, Unit: "GB" },
            ECPUPerSecond: { Minimum: minUnitsPerSecond, Maximum: maxUnitsPerSecond },
          },
        }),
      );
    },
  };
}
