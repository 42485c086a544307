import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseEnvironment } from "../../functions/governor/environment.ts";
import { assembly, resources } from "./assembly.ts";
import { readJson } from "./repository.ts";

const ofGovernor = (variant: string, type: string) =>
  resources(assembly(variant), `AWS::${type}`).filter(({ stack }) => stack === "governor");

test("there is one where a cache is governed, and none elsewhere", () => {
  expect(ofGovernor("instances", "Lambda::Function")).toHaveLength(1);
  expect(ofGovernor("local", "Lambda::Function")).toHaveLength(1);
  for (const variant of ["prod", "gpu"])
    expect(resources(assembly(variant)).some(({ stack }) => stack === "governor")).toBe(false);
});

test("it is told bounds and prices, in the form that it reads", () => {
  const [{ Properties } = {}] = ofGovernor("instances", "Lambda::Function");
  expect(Properties?.FunctionName).toBe("farthing-prod-governor");
  const { Variables } = Properties?.Environment as { readonly Variables: Record<string, string> };
  expect(parseEnvironment(Variables)).toEqual({
    cache: {
      mode: "apply",
      cache: "farthing-prod",
      everyMinutes: 15,
      bounds: { maxGb: 10, maxUnitsPerSecond: 20_000, minUnitsPerSecond: 0, monthlyUsd: 400 },
      prices: { usdPerGbHour: 0.084, usdPerMillionUnits: 0.0023, leastGb: 0.1 },
    },
    metrics: { namespace: "Farthing", service: "farthing-governor" },
  });
});

test("a schedule calls it, and may", () => {
  const [rule] = ofGovernor("instances", "Events::Rule");
  expect(rule?.Properties).toMatchObject({ ScheduleExpression: "rate(15 minutes)", State: "ENABLED" });
  const [permission] = ofGovernor("instances", "Lambda::Permission");
  expect(permission?.Properties).toMatchObject({
    Principal: "events.amazonaws.com",
    SourceArn: { "Fn::GetAtt": [rule?.id, "Arn"] },
  });
});

test("it may read metrics and look at this one cache; change it only where it applies", () => {
  const statements = (variant: string) =>
    ofGovernor(variant, "IAM::Role").flatMap(({ Properties }) =>
      (
        Properties?.Policies as {
          PolicyDocument: { Statement: { Sid: string; Action: unknown; Resource: unknown }[] };
        }[]
      ).flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
    );
  const describe = "elasticache:DescribeServerlessCaches";
  const [govern, metrics, log, ...others] = statements("instances");
  expect(others).toEqual([]);
  expect(govern?.Action).toEqual([describe, "elasticache:ModifyServerlessCache"]);
  expect(JSON.stringify(govern?.Resource)).toContain(":serverlesscache:farthing-prod");
  expect(metrics).toMatchObject({ Sid: "ReadMetrics", Action: "cloudwatch:GetMetricData", Resource: "*" });
  expect(log?.Sid).toBe("WriteOwnLog");
  expect(statements("local")[0]?.Action).toBe(describe);
});

test("its alarms look at what it writes and at what the cache refuses", () => {
  const alarms = ofGovernor("instances", "CloudWatch::Alarm").map(({ Properties }) => Properties);
  expect(alarms).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        MetricName: "cacheForecastUsd",
        Threshold: 400,
        Dimensions: expect.arrayContaining([{ Name: "cache", Value: "farthing-prod" }]),
      }),
      expect.objectContaining({
        MetricName: "ThrottledCmds",
        Namespace: "AWS/ElastiCache",
        Dimensions: [{ Name: "clusterId", Value: "farthing-prod" }],
      }),
    ]),
  );
});

test("its bundle is its own", () => {
  const [{ Properties } = {}] = ofGovernor("instances", "Lambda::Function");
  const key = (Properties?.Code as { readonly S3Key: string }).S3Key.replace(".zip", "");
  const { files } = readJson(join(assembly("instances").directory, "farthing-prod-governor.assets.json")) as {
    readonly files: Readonly<Record<string, { readonly source: { readonly path: string } }>>;
  };
  const directory = resolve(assembly("instances").directory, files[key]?.source.path ?? "");
  expect(readdirSync(directory)).toContain("index.mjs");
});
