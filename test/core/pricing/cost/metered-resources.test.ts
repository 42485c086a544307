import {
  type HourReadings,
  hourMeasures,
  hourMetrics,
  type Metric,
} from "../../../../core/pricing/cost/hour-metrics.ts";
import { type MeteredResources, meteredResources } from "../../../../core/pricing/cost/metered-resources.ts";
import { monthBefore, monthMetrics } from "../../../../core/pricing/cost/month-metrics.ts";
import type { DeployedStack } from "../../../../core/pricing/deployed-stack.ts";

const routes = {
  chat: { endpoint: "farthing-prod-large", asynchronous: { endpoint: "farthing-prod-chat-async" } },
  mini: {},
};

const stack: DeployedStack = {
  template: {
    Resources: {
      Usage: { Type: "AWS::DynamoDB::Table" },
      Models: {
        Type: "AWS::S3::Bucket",
        Properties: { MetricsConfigurations: [{ Id: "part", Prefix: "a/" }, { Id: "EntireBucket" }] },
      },
      Files: { Type: "AWS::S3::Bucket" },
      Router: {
        Type: "AWS::Lambda::Function",
        Properties: {
          Environment: {
            Variables: { FARTHING_DEPLOYMENT: "router", FARTHING_ENDPOINTS: JSON.stringify(routes) },
          },
        },
      },
      Api: { Type: "AWS::ApiGateway::RestApi", Properties: { Name: "farthing-prod" } },
      Config: {
        Type: "AWS::SageMaker::EndpointConfig",
        Properties: {
          ProductionVariants: [
            {
              VariantName: "main",
              InstancePools: [{ InstanceType: "ml.g6.xlarge" }, { InstanceType: "ml.g5.xlarge" }],
            },
          ],
        },
      },
      Endpoint: {
        Type: "AWS::SageMaker::Endpoint",
        Properties: { EndpointConfigName: { "Fn::GetAtt": ["Config", "EndpointConfigName"] } },
      },
      Cache: { Type: "AWS::ElastiCache::ServerlessCache" },
      Log: { Type: "AWS::Logs::LogGroup" },
    },
  },
  resources: [
    { logicalId: "Usage", type: "AWS::DynamoDB::Table", physicalId: "usage-1" },
    { logicalId: "Models", type: "AWS::S3::Bucket", physicalId: "models-1" },
    { logicalId: "Files", type: "AWS::S3::Bucket", physicalId: "files-1" },
    { logicalId: "Router", type: "AWS::Lambda::Function", physicalId: "farthing-prod-router" },
    { logicalId: "Api", type: "AWS::ApiGateway::RestApi", physicalId: "a1b2c3" },
    {
      logicalId: "Endpoint",
      type: "AWS::SageMaker::Endpoint",
      physicalId: "arn:aws:sagemaker:us-east-1:123456789012:endpoint/farthing-prod-large",
    },
    { logicalId: "Cache", type: "AWS::ElastiCache::ServerlessCache", physicalId: "farthing-prod" },
    { logicalId: "Log", type: "AWS::Logs::LogGroup", physicalId: "/farthing/prod/router" },
    // Not of the template: somebody else's.
    { logicalId: "Elsewhere", type: "AWS::S3::Bucket", physicalId: "elsewhere" },
  ],
};
const resources: MeteredResources = meteredResources([stack]);

test("resources are found by what their stacks say", () => {
  expect(resources).toEqual({
    tables: ["usage-1"],
    buckets: [
      { name: "models-1", requestFilter: "EntireBucket" },
      { name: "files-1", requestFilter: undefined },
    ],
    caches: ["farthing-prod"],
    logGroups: ["/farthing/prod/router"],
    endpoints: [{ name: "farthing-prod-large", variant: "main", instanceType: "ml.g6.xlarge", models: ["chat"] }],
    apis: ["farthing-prod"],
    functions: [{ name: "farthing-prod-router", deployment: "router" }],
  });
});

const GB = 1024 ** 3;

function readings(values: Readonly<Record<string, number>>): HourReadings {
  const valueOf = ({ name, dimensions }: Metric) => values[`${name} ${Object.values(dimensions)[0]}`];
  return { valueOf, tableBytes: 3 * GB, hours: 0.5 };
}

test("what CloudWatch tells of an hour, in the units of the bill", () => {
  const measured = hourMeasures(
    resources,
    readings({
      ...{ "ConsumedReadCapacityUnits usage-1": 2.5, "ConsumedWriteCapacityUnits usage-1": 7 },
      ...{
        "GetRequests models-1": 11,
        "HeadRequests models-1": 2,
        "PutRequests models-1": 3,
        "ListRequests models-1": 1,
      },
      ...{ "BucketSizeBytes models-1": GB, "BucketSizeBytes files-1": GB / 2 },
      ...{ "ElastiCacheProcessingUnits farthing-prod": 1_000, "BytesUsedForCache farthing-prod": GB / 4 },
      ...{ "IncomingBytes /farthing/prod/router": 4_321, "CPUUtilization farthing-prod-large": 90 },
    }),
  );
  expect(measured).toEqual({
    hours: 0.5,
    endpoints: [{ instanceType: "ml.g6.xlarge", models: ["chat"], instanceSeconds: 5_400 }],
    cache: { processingUnits: 1_000, averageGb: 0.25 },
    dynamoDb: { readUnits: 2.5, writeUnits: 7, storedGb: 3 },
    s3: { gets: 13, puts: 4, storedGb: 1.5 },
    logBytes: 4_321,
  });
});

test("where nothing happened there is nothing; log lines then are as long as the usage lines", () => {
  const measured = hourMeasures(resources, readings({}));
  expect(measured).toMatchObject({
    cache: { processingUnits: 0 },
    s3: { gets: 0 },
    endpoints: [{ instanceSeconds: 0 }],
  });
  expect(measured).not.toHaveProperty("logBytes");
});

test("requests of a bucket without request metrics are not asked for", () => {
  expect(hourMetrics(resources).gets.map(({ dimensions }) => dimensions.BucketName)).toEqual(["models-1", "models-1"]);
});

test("the month before an hour: requests, and memory times duration", () => {
  const metrics = monthMetrics(resources, { router: { memoryMegabytes: 512, architecture: "arm64" } });
  const values: Readonly<Record<string, number>> = { Count: 1_000, Duration: 60_000 };
  expect(monthBefore(metrics, ({ name }) => values[name])).toEqual({
    gatewayRequests: 1_000,
    gbSeconds: { x86_64: 0, arm64: 30 },
  });
});
