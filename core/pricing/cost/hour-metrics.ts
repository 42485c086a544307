/**
 * Which metrics of CloudWatch tell what an hour is billed for, and what they add up to. CloudWatch has no value where nothing
 * happened, so an absent one counts as nothing.
 */
import type { HourMeasures } from "./billed-hour.ts";
import type { MeteredResources } from "./metered-resources.ts";

export interface Metric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: "Sum" | "Average" | "SampleCount";
}

/** By what they measure. */
export interface HourMetrics {
  readonly reads: readonly Metric[];
  readonly writes: readonly Metric[];
  readonly gets: readonly Metric[];
  readonly puts: readonly Metric[];
  readonly processingUnits: readonly Metric[];
  readonly cacheBytes: readonly Metric[];
  readonly logBytes: readonly Metric[];
  /** One for each endpoint, in their order. */
  readonly instanceMinutes: readonly Metric[];
}

/** CloudWatch has these once a day. */
export interface DayMetrics {
  readonly bucketBytes: readonly Metric[];
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html; PUT, COPY, POST and LIST have one price. */
const S3_PUTS = ["PutRequests", "PostRequests", "ListRequests"];
const S3_GETS = ["GetRequests", "HeadRequests"];
/** Serverless caches are told of under either; where both are, they are the same. */
const CACHE_DIMENSIONS = ["clusterId", "ServerlessCacheName"];

export function hourMetrics({ tables, buckets, caches, logGroups, endpoints }: MeteredResources): HourMetrics {
  const ofTables = (name: string) =>
    tables.map(
      (TableName): Metric => ({ namespace: "AWS/DynamoDB", name, dimensions: { TableName }, statistic: "Sum" }),
    );
  const ofBuckets = (names: readonly string[]) =>
    buckets.flatMap(({ name: BucketName, requestFilter: FilterId }) =>
      FilterId === undefined
        ? []
        : names.map((name): Metric => {
            const dimensions = { BucketName, FilterId };
            return { namespace: "AWS/S3", name, dimensions, statistic: "Sum" };
          }),
    );
  const ofCaches = (name: string, statistic: Metric["statistic"]) =>
    caches.flatMap((cache) =>
      CACHE_DIMENSIONS.map((dimension): Metric => {
        const dimensions = { [dimension]: cache };
        return { namespace: "AWS/ElastiCache", name, dimensions, statistic };
      }),
    );
  return {
    reads: ofTables("ConsumedReadCapacityUnits"),
    writes: ofTables("ConsumedWriteCapacityUnits"),
    gets: ofBuckets(S3_GETS),
    puts: ofBuckets(S3_PUTS),
    processingUnits: ofCaches("ElastiCacheProcessingUnits", "Sum"),
    cacheBytes: ofCaches("BytesUsedForCache", "Average"),
    logBytes: logGroups.map((LogGroupName) => ({
      ...{ namespace: "AWS/Logs", name: "IncomingBytes", statistic: "Sum" as const },
      dimensions: { LogGroupName },
    })),
    // Each instance tells of itself once a minute, so the number of values counts minutes of instances.
    instanceMinutes: endpoints.map(({ name, variant }) => ({
      ...{ namespace: "/aws/sagemaker/Endpoints", name: "CPUUtilization", statistic: "SampleCount" as const },
      dimensions: { EndpointName: name, VariantName: variant },
    })),
  };
}

export const dayMetrics = ({ buckets }: MeteredResources): DayMetrics => ({
  bucketBytes: buckets.map(({ name: BucketName }) => ({
    ...{ namespace: "AWS/S3", name: "BucketSizeBytes", statistic: "Average" as const },
    dimensions: { BucketName, StorageType: "StandardStorage" },
  })),
});

export interface HourReadings {
  /** The metric's value over the hour, or the part of it that is billed; undefined: CloudWatch has none. */
  valueOf(metric: Metric): number | undefined;
  /** Of all tables. */
  readonly tableBytes: number;
  /** The part of the hour: 1 for a whole one. */
  readonly hours: number;
}

const BYTES_PER_GB = 1024 ** 3;
const SECONDS_PER_MINUTE = 60;

export function hourMeasures(resources: MeteredResources, { valueOf, tableBytes, hours }: HourReadings): HourMeasures {
  const metrics = { ...hourMetrics(resources), ...dayMetrics(resources) };
  const sum = (some: readonly Metric[]): number => some.reduce((all, metric) => all + (valueOf(metric) ?? 0), 0);
  const ofCaches = (some: readonly Metric[]): number => {
    const { length } = CACHE_DIMENSIONS;
    return resources.caches.reduce(
      (all, _, index) =>
        all + Math.max(...some.slice(length * index, length * (index + 1)).map((metric) => valueOf(metric) ?? 0)),
      0,
    );
  };
  const logBytes = sum(metrics.logBytes);
  return {
    hours,
    endpoints: resources.endpoints.map(({ instanceType, models }, index) => ({
      ...{ instanceType, models },
      instanceSeconds: sum(metrics.instanceMinutes.slice(index, index + 1)) * SECONDS_PER_MINUTE,
    })),
    ...(resources.caches.length > 0 && {
      cache: {
        processingUnits: ofCaches(metrics.processingUnits),
        averageGb: ofCaches(metrics.cacheBytes) / BYTES_PER_GB,
      },
    }),
    ...(resources.tables.length > 0 && {
      dynamoDb: {
        readUnits: sum(metrics.reads),
        writeUnits: sum(metrics.writes),
        storedGb: tableBytes / BYTES_PER_GB,
      },
    }),
    ...(resources.buckets.length > 0 && {
      s3: { gets: sum(metrics.gets), puts: sum(metrics.puts), storedGb: sum(metrics.bucketBytes) / BYTES_PER_GB },
    }),
    // Where CloudWatch has not counted them, the usage lines themselves tell the least that it was.
    ...(logBytes > 0 && { logBytes: Math.round(logBytes) }),
  };
}
