/**
 * What S3 measures of a bucket: the bytes in it, and, where the template asks for them, its requests.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */
import type { MetricRecorder } from "../cloudwatch/simulator.ts";
import type { Bucket } from "./bucket.ts";
import type { S3Operation } from "./operation.ts";

const NAMESPACE = "AWS/S3";

const BY_METHOD: Readonly<Record<S3Operation["method"], string>> = {
  GET: "GetRequests",
  HEAD: "HeadRequests",
  PUT: "PutRequests",
  POST: "PostRequests",
  DELETE: "DeleteRequests",
};

export interface BucketMetrics {
  /** Bytes are told at once, not once a day. */
  stored(bucket: Bucket): void;
  /** A request that was answered, with whichever status. */
  requested(bucket: string | undefined, operation: Pick<S3Operation, "method" | "name">): void;
}

/** `filterOf`: id of the bucket's request metrics; undefined: it has none. */
export function createBucketMetrics(
  metrics: MetricRecorder,
  clock: () => number,
  filterOf: (bucket: string) => string | undefined,
): BucketMetrics {
  const record = (name: string, unit: "Bytes" | "Count", value: number, dimensions: Record<string, string>) =>
    metrics.recordMetric({ namespace: NAMESPACE, name, dimensions, timestampMillis: clock(), unit, value });
  return {
    stored: ({ name: BucketName, bytes }) =>
      record("BucketSizeBytes", "Bytes", bytes, { BucketName, StorageType: "StandardStorage" }),
    requested(BucketName = "", { method, name }) {
      const FilterId = filterOf(BucketName);
      if (FilterId === undefined) return;
      const kind = name === "ListObjectsV2" ? "ListRequests" : BY_METHOD[method];
      for (const each of ["AllRequests", kind]) record(each, "Count", 1, { BucketName, FilterId });
    },
  };
}
