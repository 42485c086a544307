/** The readers against CloudWatch as the platform simulates it, by the SDK's own client. */
import { CloudWatchClient } from "@aws-sdk/client-cloudwatch";
import { createMetricMeasures } from "../../../cli/bill/metric-measures.ts";
import { createSeriesReader } from "../../../cli/bill/metric-series.ts";
import { hoursOf, type Period } from "../../../cli/bill/period.ts";
import type { MeteredResources } from "../../../core/pricing/cost/metered-resources.ts";
import { createCloudWatchSimulator, type MetricRecorder } from "../../../local/cloudwatch/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../../local/endpoint/running-endpoint.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOW = Date.parse("2026-11-24T10:30:00Z");
const EIGHT = Date.parse("2026-11-24T08:00:00Z");

const resources: MeteredResources = {
  tables: ["usage"],
  buckets: [{ name: "models", requestFilter: "EntireBucket" }],
  caches: ["answers"],
  logGroups: ["/farthing/prod/router"],
  endpoints: [{ name: "large", variant: "main", instanceType: "ml.g5.xlarge", models: ["chat"] }],
  apis: ["farthing-prod"],
  functions: [{ name: "router", deployment: "router" }],
};

let endpoint: RunningEndpoint;
let client: CloudWatchClient;
let recorder: MetricRecorder;

beforeEach(async () => {
  endpoint = await startEndpoint(
    (context) => {
      const simulator = createCloudWatchSimulator(context);
      recorder = simulator;
      return [simulator];
    },
    { clock: () => NOW, endpointClock: Date.now },
  );
  client = new CloudWatchClient(endpoint.asOperator);
});
afterEach(async () => {
  client.destroy();
  await endpoint.stop();
});

const record = (namespace: string, name: string, dimensions: Record<string, string>, at: number, value: number) =>
  recorder.recordMetric({ namespace, name, dimensions, timestampMillis: at, unit: "Count", value });

const read = (period: Period, { since = 0, some = resources }: { since?: number; some?: MeteredResources } = {}) =>
  createMetricMeasures({
    ...{ resources: some, now: NOW, readSeries: createSeriesReader(client), tableBytes: async () => 1024 ** 3 },
    functions: { router: { memoryMegabytes: 1_024, architecture: "arm64" } },
  }).read(hoursOf(period), since);

test("every quantity is read, hour by hour", async () => {
  for (const [at, factor] of [
    [EIGHT + MINUTE, 1],
    [EIGHT + 59 * MINUTE, 1],
    [EIGHT + HOUR + MINUTE, 10],
  ] as const) {
    record("AWS/DynamoDB", "ConsumedReadCapacityUnits", { TableName: "usage" }, at, 0.5 * factor);
    record("AWS/DynamoDB", "ConsumedWriteCapacityUnits", { TableName: "usage" }, at, factor);
    record("AWS/S3", "GetRequests", { BucketName: "models", FilterId: "EntireBucket" }, at, 2 * factor);
    record("AWS/S3", "PutRequests", { BucketName: "models", FilterId: "EntireBucket" }, at, 3 * factor);
    record("AWS/ElastiCache", "ElastiCacheProcessingUnits", { clusterId: "answers" }, at, 4 * factor);
    record("AWS/ElastiCache", "BytesUsedForCache", { clusterId: "answers" }, at, 1024 ** 3 * factor);
    record("AWS/Logs", "IncomingBytes", { LogGroupName: "/farthing/prod/router" }, at, 100 * factor);
    record("/aws/sagemaker/Endpoints", "CPUUtilization", { EndpointName: "large", VariantName: "main" }, at, 50);
    record("AWS/ApiGateway", "Count", { ApiName: "farthing-prod" }, at, factor);
    record("AWS/Lambda", "Duration", { FunctionName: "router" }, at, 1_000 * factor);
  }
  record("AWS/S3", "BucketSizeBytes", { BucketName: "models", StorageType: "StandardStorage" }, EIGHT, 1024 ** 3);
  const { measures, gaps } = await read({ from: EIGHT, to: EIGHT + 2 * HOUR });
  const common = { hours: 1, monthBefore: { gatewayRequests: 0, gbSeconds: { x86_64: 0, arm64: 0 } } };
  const machine = { instanceType: "ml.g5.xlarge", models: ["chat"] };
  expect(measures).toEqual([
    {
      ...common,
      endpoints: [{ ...machine, instanceSeconds: 120 }],
      cache: { processingUnits: 8, averageGb: 1 },
      dynamoDb: { readUnits: 1, writeUnits: 2, storedGb: 1 },
      s3: { gets: 4, puts: 6, storedGb: 1 },
      logBytes: 200,
    },
    {
      hours: 1,
      monthBefore: { gatewayRequests: 2, gbSeconds: { x86_64: 0, arm64: 2 } },
      endpoints: [{ ...machine, instanceSeconds: 60 }],
      cache: { processingUnits: 40, averageGb: 10 },
      dynamoDb: { readUnits: 5, writeUnits: 10, storedGb: 1 },
      s3: { gets: 20, puts: 30, storedGb: 1 },
      logBytes: 1_000,
    },
  ]);
  expect(gaps).toEqual([]);
});

test("of an hour that the bill cuts, only what lies in it", async () => {
  const write = (at: number, value: number) =>
    record("AWS/DynamoDB", "ConsumedWriteCapacityUnits", { TableName: "usage" }, at, value);
  write(EIGHT + 10 * MINUTE, 1);
  write(EIGHT + 20 * MINUTE, 2);
  write(EIGHT + HOUR + 10 * MINUTE, 4);
  write(EIGHT + HOUR + 50 * MINUTE, 8);
  const { measures } = await read({ from: EIGHT + 15 * MINUTE, to: EIGHT + HOUR + 30 * MINUTE });
  expect(measures.map(({ dynamoDb }) => dynamoDb?.writeUnits)).toEqual([2, 4]);
  expect(measures.map(({ hours }) => hours)).toEqual([0.75, 0.5]);
});

test("the month begins anew: hours of the first day have nothing before them", async () => {
  const first = Date.parse("2026-11-01T00:00:00Z");
  record("AWS/ApiGateway", "Count", { ApiName: "farthing-prod" }, first - MINUTE, 7);
  record("AWS/ApiGateway", "Count", { ApiName: "farthing-prod" }, first + MINUTE, 5);
  const { measures } = await read({ from: first - HOUR, to: first + 2 * HOUR });
  expect(measures.map(({ monthBefore }) => monthBefore?.gatewayRequests)).toEqual([0, 0, 5]);
});

test("time before the deployment costs nothing by the hour", async () => {
  const { measures } = await read({ from: EIGHT, to: EIGHT + 2 * HOUR }, { since: EIGHT + 1.5 * HOUR });
  expect(measures.map(({ hours }) => hours)).toEqual([0, 0.5]);
});

test("what nobody measured is told", async () => {
  const some = { ...resources, buckets: [{ name: "models", requestFilter: undefined }] };
  const { gaps } = await read({ from: EIGHT, to: EIGHT + HOUR }, { some });
  expect(gaps).toEqual([
    "requests to S3 of models: their metrics are off (bucketMetrics in farthing.config.ts)",
    "stored bytes of models: S3 tells them once a day",
    "log lines other than usage lines: CloudWatch counted none",
    "price tiers: nobody counted what the month had before, so every unit has the first tier's price",
  ]);
});
