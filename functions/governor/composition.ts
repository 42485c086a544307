/** Chooses the parts that the governor is made of; nothing else happens here. */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { ElastiCacheClient } from "@aws-sdk/client-elasticache";
import { measureCache } from "../../adapters/cloudwatch/cache-measurements.ts";
import { serverlessCacheOn } from "../../adapters/elasticache/serverless-cache.ts";
import { systemClock } from "../../adapters/system-clock.ts";
import { MINIMUM_METRIC } from "./decision-line.ts";
import type { GovernorEnvironment } from "./environment.ts";
import { governCache } from "./govern-cache.ts";

/** Once for each time of the schedule. */
export type Governor = () => Promise<void>;

export function compose({ cache: governed, metrics }: GovernorEnvironment, write: (line: string) => void): Governor {
  const { cache } = governed;
  const cloudwatch = new CloudWatchClient({});
  const serverlessCache = serverlessCacheOn(new ElastiCacheClient({}), cache);
  const { namespace, service } = metrics;
  const minimum = { namespace, name: MINIMUM_METRIC, dimensions: { service, cache } };
  return () =>
    governCache(governed, {
      cache: serverlessCache,
      metrics,
      measure: (now) => measureCache(cloudwatch, { cache, minimum }, now),
      write,
      now: systemClock.epochMillis,
    });
}
