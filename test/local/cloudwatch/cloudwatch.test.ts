import {
  CloudWatchClient,
  DescribeAlarmsCommand,
  GetMetricDataCommand,
  GetMetricStatisticsCommand,
  ListMetricsCommand,
  PutMetricDataCommand,
} from "@aws-sdk/client-cloudwatch";
import { createCloudWatchSimulator, type MetricRecorder } from "../../../local/cloudwatch/simulator.ts";
import type { MetricSink } from "../../../local/simulator.ts";
import { type RunningEndpoint, startEndpoint } from "../endpoint/running-endpoint.ts";

/** A round minute, 30 seconds before the clock's now. */
const MINUTE = Math.floor(Date.now() / 60_000) * 60_000;
let endpoint: RunningEndpoint;
let cloudWatch: CloudWatchClient;
let sink: MetricSink & MetricRecorder;

beforeEach(async () => {
  endpoint = await startEndpoint(
    (context) => {
      const simulator = createCloudWatchSimulator(context);
      sink = simulator;
      return [simulator];
    },
    { clock: () => MINUTE + 30_000 },
  );
  cloudWatch = new CloudWatchClient(endpoint.asOperator);
});
afterEach(async () => {
  cloudWatch.destroy();
  await endpoint.stop();
});

const statistics = (more: object) =>
  cloudWatch.send(
    new GetMetricStatisticsCommand({
      Namespace: "Farthing",
      MetricName: "Latency",
      StartTime: new Date(MINUTE - 3_600_000),
      EndTime: new Date(MINUTE + 60_000),
      Period: 60,
      Statistics: ["SampleCount", "Sum", "Minimum", "Maximum", "Average"],
      ...more,
    }),
  );

const line = (values: object, directive: object, Timestamp = MINUTE) =>
  JSON.stringify({ _aws: { Timestamp, CloudWatchMetrics: [{ Namespace: "Farthing", ...directive }] }, ...values });

test("embedded metrics in log lines become metrics, for each set of dimensions", async () => {
  const directive = {
    Dimensions: [["service"], ["service", "model"], []],
    Metrics: [{ Name: "Latency", Unit: "Milliseconds" }, { Name: "Tokens" }],
  };
  sink.ingestLogLine("/g", line({ service: "router", model: "digits", Latency: [5, 15], Tokens: 7 }, directive));
  sink.ingestLogLine(
    "/g",
    line({ service: "router", model: "digits", Latency: 40, Tokens: 1 }, directive, MINUTE + 1_000),
  );
  const { Datapoints } = await statistics({ Dimensions: [{ Name: "service", Value: "router" }] });
  expect(Datapoints).toEqual([
    {
      Timestamp: new Date(MINUTE),
      Unit: "Milliseconds",
      SampleCount: 3,
      Sum: 60,
      Minimum: 5,
      Maximum: 40,
      Average: 20,
    },
  ]);
  expect((await statistics({ MetricName: "Tokens" })).Datapoints).toMatchObject([{ Sum: 8, Unit: "None" }]);
  // Dimensions are matched as a whole: a metric of two is not found by one of them.
  expect((await statistics({ Dimensions: [{ Name: "model", Value: "digits" }] })).Datapoints).toEqual([]);

  const { Metrics } = await cloudWatch.send(new ListMetricsCommand({ Namespace: "Farthing", MetricName: "Latency" }));
  expect(Metrics).toHaveLength(3);
  const narrowed = await cloudWatch.send(
    new ListMetricsCommand({ Dimensions: [{ Name: "model" }], RecentlyActive: "PT3H" }),
  );
  expect(narrowed.Metrics?.map(({ MetricName }) => MetricName).sort()).toEqual(["Latency", "Tokens"]);
});

test("other lines are no metrics; broken ones are named", async () => {
  const directive = { Dimensions: [["service"]], Metrics: [{ Name: "Latency" }] };
  for (const text of ["plain", "{}", '{"_aws"', '["_aws"]', '{"note":"\\"_aws\\""}']) sink.ingestLogLine("/g", text);
  expect(endpoint.events).toEqual([]);
  sink.ingestLogLine("/g", line({ service: "router", Latency: "fast" }, directive));
  sink.ingestLogLine("/g", line({ Latency: 1 }, directive));
  sink.ingestLogLine(
    "/g",
    line({ service: "router", Latency: 1 }, { ...directive, Metrics: [{ Name: "Latency", Unit: "Furlongs" }] }),
  );
  expect(endpoint.events).toEqual([
    { type: "warning", message: expect.stringContaining('metric Latency is no number: "fast"') },
    { type: "warning", message: expect.stringContaining("dimension service is no text: undefined") },
    { type: "warning", message: expect.stringContaining("Unit") },
  ]);
  expect((await cloudWatch.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
});

test("PutMetricData takes values, counted values and statistic sets, also compressed ones", async () => {
  const MetricData = [
    { MetricName: "Latency", Unit: "Milliseconds" as const, Value: 10, Timestamp: new Date(MINUTE - 120_000) },
    {
      MetricName: "Latency",
      Unit: "Milliseconds" as const,
      Values: [20, 30],
      Counts: [3, 1],
      Timestamp: new Date(MINUTE),
    },
    {
      MetricName: "Latency",
      Unit: "Milliseconds" as const,
      StatisticValues: { SampleCount: 2, Sum: 100, Minimum: 1, Maximum: 99 },
      Timestamp: new Date(MINUTE),
    },
    // Over 10 KiB the SDK compresses the body.
    ...Array.from({ length: 300 }, (_, index) => ({ MetricName: `Filler${index}`, Value: index })),
  ];
  await cloudWatch.send(new PutMetricDataCommand({ Namespace: "Farthing", MetricData }));
  const { Datapoints } = await statistics({});
  expect(Datapoints).toMatchObject([
    { Timestamp: new Date(MINUTE - 120_000), Sum: 10 },
    { Timestamp: new Date(MINUTE), SampleCount: 6, Sum: 190, Minimum: 1, Maximum: 99 },
  ]);
  const wide = await statistics({ Period: 3600, Statistics: ["SampleCount"] });
  expect(wide.Datapoints?.reduce((sum, { SampleCount = 0 }) => sum + SampleCount, 0)).toBe(7);
  expect((await statistics({ MetricName: "Filler299" })).Datapoints).toMatchObject([{ Sum: 299 }]);
});

test("percentiles are right within one percent", async () => {
  const Values = Array.from({ length: 100 }, (_, index) => index + 1);
  await cloudWatch.send(
    new PutMetricDataCommand({
      Namespace: "Farthing",
      MetricData: [{ MetricName: "Latency", Values, Timestamp: new Date(MINUTE) }],
    }),
  );
  const ask = new GetMetricDataCommand({
    StartTime: new Date(MINUTE),
    EndTime: new Date(MINUTE + 60_000),
    MetricDataQueries: ["p50", "p90", "p99.9", "p0"].map((Stat, index) => ({
      Id: `q${index}`,
      MetricStat: { Metric: { Namespace: "Farthing", MetricName: "Latency" }, Period: 60, Stat },
    })),
  });
  const { MetricDataResults } = await cloudWatch.send(ask);
  const values = MetricDataResults?.map(({ Values: [value] = [] }) => value as number) ?? [];
  expect(values).toHaveLength(4);
  for (const [index, expected] of [50, 90, 100, 1].entries()) {
    expect(Math.abs((values[index] as number) / expected - 1)).toBeLessThan(0.011);
  }
});

test("GetMetricData answers newest first, unless asked otherwise", async () => {
  for (const [offset, value] of [
    [-120_000, 1],
    [-60_000, 2],
    [0, 3],
  ] as const) {
    sink.recordMetric({
      namespace: "AWS/Lambda",
      name: "Invocations",
      dimensions: { FunctionName: "router" },
      unit: "Count",
      timestampMillis: MINUTE + offset,
      value,
    });
  }
  const ask = (more: object) =>
    cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: new Date(MINUTE - 600_000),
        EndTime: new Date(MINUTE + 60_000),
        MetricDataQueries: [
          {
            Id: "m",
            Label: "calls",
            MetricStat: {
              Metric: {
                Namespace: "AWS/Lambda",
                MetricName: "Invocations",
                Dimensions: [{ Name: "FunctionName", Value: "router" }],
              },
              Period: 60,
              Stat: "Sum",
            },
          },
        ],
        ...more,
      }),
    );
  expect((await ask({})).MetricDataResults).toEqual([
    {
      Id: "m",
      Label: "calls",
      StatusCode: "Complete",
      Values: [3, 2, 1],
      Timestamps: [MINUTE, MINUTE - 60_000, MINUTE - 120_000].map((millis) => new Date(millis)),
    },
  ]);
  expect((await ask({ ScanBy: "TimestampAscending" })).MetricDataResults?.[0]?.Values).toEqual([1, 2, 3]);
  await expect(ask({ MetricDataQueries: [{ Id: "e", Expression: "m1 / m2" }] })).rejects.toMatchObject({
    name: "ValidationError",
    message: expect.stringContaining("metric math"),
  });
});

test("mistakes are named", async () => {
  const put = (datum: object) =>
    cloudWatch.send(new PutMetricDataCommand({ Namespace: "Farthing", MetricData: [{ MetricName: "m", ...datum }] }));
  await expect(put({})).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  await expect(put({ Value: 1, Values: [1] })).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  await expect(put({ Value: 1, Timestamp: new Date(0) })).rejects.toMatchObject({
    name: "InvalidParameterValueException",
  });
  await expect(put({ Value: Number.NaN })).rejects.toMatchObject({ name: "ValidationError" });
  await expect(statistics({ Statistics: ["TM(10%:90%)"] })).rejects.toMatchObject({ name: "ValidationError" });
  await expect(statistics({ Period: 61 })).rejects.toMatchObject({ name: "ValidationError" });
  expect((await cloudWatch.send(new ListMetricsCommand({}))).Metrics).toEqual([]);
});

test("a role may be bound to a namespace", async () => {
  const writer = new CloudWatchClient(
    await endpoint.asRole([
      {
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*",
        Condition: { StringEquals: { "cloudwatch:namespace": "Farthing" } },
      },
    ]),
  );
  const put = (Namespace: string) =>
    writer.send(new PutMetricDataCommand({ Namespace, MetricData: [{ MetricName: "m", Value: 1 }] }));
  await put("Farthing");
  await expect(put("Other")).rejects.toMatchObject({
    name: "AccessDenied",
    message: expect.stringContaining("is not authorized to perform: cloudwatch:PutMetricData on resource: *"),
  });
  await expect(writer.send(new ListMetricsCommand({}))).rejects.toMatchObject({ name: "AccessDenied" });
  writer.destroy();
});

test("alarms tell their state by the last complete periods", async () => {
  const alarm = (name: string, more: object) =>
    endpoint.create("AWS::CloudWatch::Alarm", name, {
      AlarmName: name,
      Namespace: "Farthing",
      MetricName: "Errors",
      Statistic: "Sum",
      Period: 60,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 2,
      Threshold: 1,
      ComparisonOperator: "GreaterThanOrEqualToThreshold",
      ...more,
    });
  await alarm("two-of-three", {});
  await alarm("three-of-three", { DatapointsToAlarm: 3 });
  await alarm("missing-breaches", { DatapointsToAlarm: 3, TreatMissingData: "breaching" });
  await alarm("no-data", { MetricName: "Absent" });
  await alarm("no-data-is-fine", { MetricName: "Absent", TreatMissingData: "notBreaching" });
  // The running period does not count yet.
  const data = [-120_000, -60_000, 0].map((offset) => ({
    MetricName: "Errors",
    Value: 5,
    Timestamp: new Date(MINUTE + offset),
  }));
  await cloudWatch.send(new PutMetricDataCommand({ Namespace: "Farthing", MetricData: data }));
  const { MetricAlarms } = await cloudWatch.send(new DescribeAlarmsCommand({}));
  expect(Object.fromEntries(MetricAlarms?.map(({ AlarmName, StateValue }) => [AlarmName, StateValue]) ?? [])).toEqual({
    "two-of-three": "ALARM",
    "three-of-three": "OK",
    "missing-breaches": "ALARM",
    "no-data": "INSUFFICIENT_DATA",
    "no-data-is-fine": "OK",
  });
  const breaching = await cloudWatch.send(new DescribeAlarmsCommand({ StateValue: "ALARM", AlarmNamePrefix: "two" }));
  expect(breaching.MetricAlarms).toHaveLength(1);
  await expect(alarm("wrong", { ComparisonOperator: "Above" })).rejects.toThrow("ComparisonOperator");
});
