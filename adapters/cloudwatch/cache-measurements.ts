/**
 * What CloudWatch measured of a serverless cache. Its metrics stand under `clusterId`, the cache's name.
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
 */
import { type CloudWatchClient, type MetricDataQuery, paginateGetMetricData } from "@aws-sdk/client-cloudwatch";
import { BYTES_PER_GB, MILLIS_PER_HOUR } from "../../core/planner/cache-cost.ts";
import type { CacheMeasurements, MeasuredHour } from "../../core/planner/cache-use.ts";

export interface CacheMetricsSource {
  readonly cache: string;
  /** Where the minimum in force is noted, hour by hour: whoever sets it. */
  readonly minimum: MetricAddress;
}

export interface MetricAddress {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
}

const NAMESPACE = "AWS/ElastiCache";
const RECENT_HOURS = 48;
const HOUR_SECONDS = 3600;
const MINUTE_SECONDS = 60;

export async function measureCache(
  client: CloudWatchClient,
  source: CacheMetricsSource,
  { millis, monthStartMillis }: { readonly millis: number; readonly monthStartMillis: number },
): Promise<CacheMeasurements> {
  const recent = hourOf(millis) - (RECENT_HOURS - 1) * MILLIS_PER_HOUR;
  const ofCache = (name: string): MetricAddress => ({
    namespace: NAMESPACE,
    name,
    dimensions: { clusterId: source.cache },
  });
  const bytes = ofCache("BytesUsedForCache");
  const units = ofCache("ElastiCacheProcessingUnits");
  const [byHour, byMinute] = await Promise.all([
    readSeries(client, Math.min(monthStartMillis, recent), millis, HOUR_SECONDS, {
      average: [bytes, "Average"],
      peak: [bytes, "Maximum"],
      units: [units, "Sum"],
      minimum: [source.minimum, "Maximum"],
    }),
    readSeries(client, recent, millis, MINUTE_SECONDS, {
      units: [units, "Sum"],
      throttled: [ofCache("ThrottledCmds"), "Sum"],
    }),
  ]);
  const gb = (value: number | undefined) => (value === undefined ? undefined : value / BYTES_PER_GB);
  return {
    hours: byHour.map(
      ({ startMillis, values }): MeasuredHour => ({
        startMillis,
        averageGb: gb(values.average),
        peakGb: gb(values.peak),
        units: values.units,
        minUnitsPerSecond: values.minimum,
      }),
    ),
    minutes: byMinute.map(({ values }) => ({ units: values.units ?? 0, throttled: values.throttled ?? 0 })),
  };
}

const hourOf = (millis: number): number => millis - (millis % MILLIS_PER_HOUR);

interface Period<Name extends string> {
  readonly startMillis: number;
  readonly values: { readonly [name in Name]?: number };
}

/** One row for each period in which anything was measured, oldest first. */
async function readSeries<Name extends string>(
  client: CloudWatchClient,
  fromMillis: number,
  toMillis: number,
  periodSeconds: number,
  series: Readonly<Record<Name, readonly [metric: MetricAddress, statistic: string]>>,
): Promise<Period<Name>[]> {
  const queries = Object.entries(series) as [Name, readonly [MetricAddress, string]][];
  const periods = new Map<number, Record<string, number>>();
  const pages = paginateGetMetricData(
    { client },
    {
      StartTime: new Date(fromMillis),
      EndTime: new Date(toMillis),
      ScanBy: "TimestampAscending",
      MetricDataQueries: queries.map(([id, [metric, statistic]]) => queryOf(id, metric, statistic, periodSeconds)),
    },
  );
  for await (const { MetricDataResults = [] } of pages) {
    for (const { Id, Timestamps = [], Values = [] } of MetricDataResults) {
      for (const [index, at] of Timestamps.entries()) {
        const values = periods.get(at.getTime()) ?? {};
        values[Id as string] = Values[index] as number;
        periods.set(at.getTime(), values);
      }
    }
  }
  return [...periods]
    .sort(([a], [b]) => a - b)
    .map(([startMillis, values]) => ({ startMillis, values: values as Period<Name>["values"] }));
}

const queryOf = (id: string, metric: MetricAddress, statistic: string, periodSeconds: number): MetricDataQuery => ({
  Id: id,
  MetricStat: {
    Metric: {
      Namespace: metric.namespace,
      MetricName: metric.name,
      Dimensions: Object.entries(metric.dimensions).map(([Name, Value]) => ({ Name, Value })),
    },
    Period: periodSeconds,
    Stat: statistic,
  },
});
