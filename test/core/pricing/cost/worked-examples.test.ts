/**
 * Each component against an example that AWS publishes, or, where its page shows none at today's prices, against its rule
 * and its rate. AWS rounds to cents, and its examples have a free tier; ours is the bill beyond it.
 */
import type { BilledHour } from "../../../../core/pricing/cost/billed-hour.ts";
import type { Component } from "../../../../core/pricing/cost/component.ts";
import { apiGateway, egress, firewall } from "../../../../core/pricing/cost/components/front-door.ts";
import { gpu } from "../../../../core/pricing/cost/components/gpu.ts";
import { lambdaCompute, lambdaRequests, lambdaStreaming } from "../../../../core/pricing/cost/components/lambda.ts";
import { cache, dynamoDb, s3 } from "../../../../core/pricing/cost/components/stores.ts";
import { idle, logs } from "../../../../core/pricing/cost/components/watching.ts";
import { usdOf } from "../../../../core/pricing/picodollars.ts";
import { HOURS_PER_MONTH, type PriceBook, usEast1 } from "../../../../core/pricing/price-book.ts";
import { hour, line } from "./hour.ts";

const GB = 1024 ** 3;
const MB = 1024 ** 2;

const usd = (component: Component, billed: BilledHour, book: PriceBook = usEast1): number =>
  component(billed, book).reduce((sum, { picodollars }) => sum + usdOf(picodollars), 0);

/** So many GB-seconds of one function, as Lambda would report them. */
const computed = (gbSeconds: number, memoryMegabytes: number, deployment = "small") => ({
  ...{ deployment, requestId: "r", memoryMegabytes },
  billedMillis: (gbSeconds * 1024 * 1000) / memoryMegabytes,
});

// https://aws.amazon.com/lambda/pricing/, first example: 512 MB, 3 million times a month, 1 s each.
test("Lambda compute: 1,500,000 GB-s less 400,000 free ones are 18.34 USD", () => {
  // The example's 0.00001667 is 0.0000166667, rounded.
  expect(usd(lambdaCompute, hour({ reports: [computed(1_100_000, 512)] }))).toBeCloseTo(18.34, 1);
});

// https://aws.amazon.com/lambda/pricing/, the same example: 3 million requests less 1 million free ones, 0.40 USD.
test("Lambda requests: two million are 0.40 USD", () => {
  const invocations = Array.from({ length: 2_000 }, (_, index) => ({ ...computed(0.5, 512), requestId: `${index}` }));
  expect(usd(lambdaRequests, hour({ reports: invocations })) * 1_000).toBeCloseTo(0.4, 9);
});

// https://aws.amazon.com/lambda/pricing/: tiers by architecture over the month; arm64 ends its first at 7.5 billion GB-s.
test("Lambda tiers: an hour that crosses one pays both prices", () => {
  const before = { gatewayRequests: 0, gbSeconds: { x86_64: 0, arm64: 7_499_999_000 } };
  const billed = hour({ reports: [computed(3_000, 512, "router")], measured: { monthBefore: before } });
  expect(usd(lambdaCompute, billed)).toBeCloseTo(1_000 * 0.0000133334 + 2_000 * 0.0000120001, 9);
});

// https://aws.amazon.com/lambda/pricing/: a streamed answer costs 0.008 USD a GB beyond its first 6 MB.
test("Lambda streaming: 106 MB cost what 100 MB do", () => {
  const billed = hour({ lines: [line({ responseBytes: 106 * MB }), line({ responseBytes: 6 * MB })] });
  expect(usd(lambdaStreaming, billed)).toBeCloseTo((100 / 1024) * 0.008, 9);
});

// https://aws.amazon.com/api-gateway/pricing/, REST API: 5 million calls a month with answers of 3 KB; 17.50 USD and, for
// 14.3 GB, 1.29 USD: 18.79 USD together.
test("API Gateway: 5 million calls of 3 KB are 17.50 USD, and 1.29 USD of egress", () => {
  const thousand = hour({ lines: Array.from({ length: 1_000 }, () => line({ responseBytes: 3 * 1024 })) });
  expect(usd(apiGateway, thousand) * 5_000).toBeCloseTo(17.5, 9);
  expect(usd(egress, thousand) * 5_000).toBeCloseTo(1.29, 2);
});

// https://aws.amazon.com/api-gateway/pricing/: "Streaming enabled REST APIs are metered in 10MB response payload increments."
test("API Gateway: a stream of 25 MB is three requests", () => {
  expect(usd(apiGateway, hour({ lines: [line({ responseBytes: 25 * MB })] }))).toBeCloseTo(3 * 0.0000035, 12);
});

// Table 4 of https://docs.aws.amazon.com/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html
test("API Gateway tiers: the 333,000,001st request costs 2.80 USD a million", () => {
  const monthBefore = { gatewayRequests: 332_999_999, gbSeconds: { x86_64: 0, arm64: 0 } };
  const billed = hour({ lines: [line(), line()], measured: { monthBefore } });
  expect(usd(apiGateway, billed)).toBeCloseTo(0.0000035 + 0.0000028, 12);
});

// https://aws.amazon.com/waf/pricing/: 0.60 USD a million; 50 million are 30 USD (https://c3x.dev/blog/aws-waf-cost-explained/).
test("firewall: requests alone; its rules are idle cost", () => {
  const lines = Array.from({ length: 500 }, () => line());
  expect(usd(firewall, hour({ lines, deployment: { firewall: true } })) * 100_000).toBeCloseTo(30, 9);
  expect(firewall(hour({ lines }), usEast1)).toEqual([]);
});

// https://aws.amazon.com/sagemaker/pricing/ bills instances by the second at an hourly rate: ml.g5.xlarge 1.41 USD, about
// 1,030 USD a month (https://zircon.tech/blog/the-real-cost-of-running-ai-models-on-aws-sagemaker-inference-deep-dive).
test("GPU: a month of ml.g5.xlarge is about 1,030 USD", () => {
  const endpoint = { instanceType: "ml.g5.xlarge", instanceSeconds: 3_600, models: ["chat"] };
  expect(usd(gpu, hour({ measured: { endpoints: [endpoint] } })) * HOURS_PER_MONTH).toBeCloseTo(1_029.3, 6);
});

test("GPU: an instance without a price is refused by name", () => {
  const endpoint = { instanceType: "ml.none.large", instanceSeconds: 1, models: ["chat"] };
  expect(() => gpu(hour({ measured: { endpoints: [endpoint] } }), usEast1)).toThrow('"ml.none.large" in sagemakerHour');
});

// https://aws.amazon.com/blogs/database/unlock-on-demand-cost-optimized-performance-with-amazon-elasticache-serverless/ has
// Redis OSS prices, 0.125 USD a GB-hour and 0.0034 USD a million units; the rule is the same for Valkey.
test("cache: 10 GB and 180 million units in an hour, at both engines' prices", () => {
  const measured = { cache: { processingUnits: 180_000_000, averageGb: 10 } };
  const redis = { ...usEast1.elasticacheServerlessValkey, gbHour: 0.125, perMEcpu: 0.0034, minGb: 1 };
  const redisBook = { ...usEast1, elasticacheServerlessValkey: redis };
  expect(usd(cache, hour({ measured }), redisBook)).toBeCloseTo(1.25 + 0.612, 9);
  expect(usd(cache, hour({ measured }))).toBeCloseTo(0.84 + 0.414, 9);
});

// https://aws.amazon.com/elasticache/pricing/: at least 100 MB of data for Valkey, about 6 USD a month.
test("cache: an empty one costs 6.13 USD a month", () => {
  const empty = hour({ measured: { cache: { processingUnits: 0, averageGb: 0 } } });
  expect(usd(cache, empty) * HOURS_PER_MONTH).toBeCloseTo(6.13, 2);
});

// https://aws.amazon.com/dynamodb/pricing/on-demand/: an eventually consistent read of up to 4 KB is half a unit.
test("DynamoDB: a million writes, a million eventually consistent reads and 20 GB for a month", () => {
  const used = hour({ measured: { dynamoDb: { readUnits: 500_000, writeUnits: 1_000_000, storedGb: 0 } } });
  expect(usd(dynamoDb, used)).toBeCloseTo(0.0625 + 0.625, 9);
  const stored = hour({ measured: { dynamoDb: { readUnits: 0, writeUnits: 0, storedGb: 20 } } });
  expect(usd(dynamoDb, stored) * HOURS_PER_MONTH).toBeCloseTo(5, 6);
});

// https://aws.amazon.com/s3/faqs/ measures storage in byte-hours; of its example's 52,900 GB-months the first 50 TB have
// this price. Requests: 0.005 USD per 1,000 writes and 0.0004 USD per 1,000 reads, https://aws.amazon.com/s3/pricing/
test("S3: 1 TB for a month, 10,000 writes and a million reads", () => {
  const stored = hour({ measured: { s3: { gets: 0, puts: 0, storedGb: 1_024 } } });
  expect(usd(s3, stored) * HOURS_PER_MONTH).toBeCloseTo(23.55, 2);
  expect(usd(s3, hour({ measured: { s3: { gets: 1_000_000, puts: 10_000, storedGb: 0 } } }))).toBeCloseTo(0.45, 9);
});

// https://aws.amazon.com/cloudwatch/pricing/: 0.50 USD for each GB taken in.
test("logs: 30 GB are 15 USD; without a measure, the usage lines as long as they are", () => {
  expect(usd(logs, hour({ measured: { logBytes: 30 * GB } }))).toBeCloseTo(15, 9);
  const lines = [line(), line()];
  const bytes = lines.reduce((sum, one) => sum + JSON.stringify(one).length, 0);
  expect(usd(logs, hour({ lines }))).toBeCloseTo((bytes / GB) * 0.5, 11);
});

test("idle: a month in hours", () => {
  expect(usd(idle, hour({ deployment: { idleUsdPerMonth: 7.3 } }))).toBeCloseTo(0.01, 12);
});
