/**
 * What a serverless cache tells CloudWatch once a minute, under its name.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
 */
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { CacheProcess } from "./cache-process.ts";

const NAMESPACE = "AWS/ElastiCache";

export interface CacheMetrics {
  /** Units that were used. */
  count(units: number): void;
  /** Tells what came together since it last did. */
  publish(cache: Pick<CacheProcess, "bytesUsed">): Promise<void>;
}

export function createCacheMetrics(name: string, metrics: MetricRecorder, clock: () => number): CacheMetrics {
  let units = 0;
  return {
    count(more) {
      units += more;
    },
    async publish(cache) {
      const bytes = await cache.bytesUsed();
      const timestampMillis = clock();
      const record = (metric: string, unit: string, value: number): void =>
        metrics.recordMetric({
          namespace: NAMESPACE,
          name: metric,
          dimensions: { clusterId: name },
          timestampMillis,
          unit,
          value,
        });
      record("ElastiCacheProcessingUnits", "Count", units);
      units = 0;
      // Nothing is turned away here.
      record("ThrottledCmds", "Count", 0);
      if (bytes !== undefined) record("BytesUsedForCache", "Bytes", bytes);
    },
  };
}
