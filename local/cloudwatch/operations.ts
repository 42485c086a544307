import * as z from "zod";
import type { RequiredPermission } from "../simulator.ts";
import { type Alarm, alarmState } from "./alarms.ts";
import type { Distribution } from "./distribution.ts";
import { invalidCombination, validationError } from "./errors.ts";
import { metricDatum, metricReference, timestamp, toDatum, toDimensions, unit } from "./metric-input.ts";
import type { MetricName, MetricStore } from "./metric-store.ts";
import { KNOWN_STATISTICS, statisticNamed } from "./statistics.ts";

export interface CloudWatchFacts {
  readonly store: MetricStore;
  readonly alarms: ReadonlyMap<string, Alarm>;
  readonly clock: () => number;
}

export interface CloudWatchOperation {
  permissions(input: unknown): RequiredPermission[];
  run(input: unknown, facts: CloudWatchFacts): unknown;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html */
const MAX_STATISTICS_DATAPOINTS = 1_440;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const MAX_DATA_QUERIES = 500;
const MAX_DATAPOINTS = 100_800;
const LIST_PAGE_SIZE = 500;
const RECENTLY_ACTIVE_MILLIS = 3 * 3600 * 1000;
/** A minute and its multiples, or the periods of high-resolution metrics. */
const period = z.int().refine((value) => value > 0 && (value % 60 === 0 || [1, 5, 10, 20, 30].includes(value)));

function operation<Schema extends z.ZodType>(
  name: string,
  schema: Schema,
  run: (input: z.infer<Schema>, facts: CloudWatchFacts) => unknown,
  context: (input: z.infer<Schema>) => RequiredPermission["context"] = () => undefined,
): CloudWatchOperation {
  const read = (input: unknown): z.infer<Schema> => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return parsed.data;
    throw validationError(z.prettifyError(parsed.error));
  };
  return {
    // No CloudWatch metric has an ARN: policies name "*".
    permissions: (input) => {
      const values = context(read(input));
      return [{ action: `cloudwatch:${name}`, resourceArn: "*", ...(values === undefined ? {} : { context: values }) }];
    },
    run: (input, facts) => run(read(input), facts),
  };
}

const OPERATIONS = {
  PutMetricData: operation(
    "PutMetricData",
    z.object({
      Namespace: metricReference.Namespace,
      MetricData: z.array(metricDatum).max(1_000).default([]),
      EntityMetricData: z.array(z.object({ MetricData: z.array(metricDatum).default([]) })).default([]),
    }),
    ({ Namespace, MetricData, EntityMetricData }, { store, clock }) => {
      const all = [...MetricData, ...EntityMetricData.flatMap((entity) => entity.MetricData)];
      // All are read before any is kept: a call is taken as a whole.
      for (const datum of all.map((each) => toDatum(Namespace, each, clock()))) store.record(datum);
      return {};
    },
    ({ Namespace }) => ({ "cloudwatch:namespace": [Namespace] }),
  ),

  GetMetricStatistics: operation(
    "GetMetricStatistics",
    z.strictObject({
      ...metricReference,
      StartTime: timestamp,
      EndTime: timestamp,
      Period: period,
      Statistics: z.array(z.string()).default([]),
      ExtendedStatistics: z.array(z.string()).default([]),
      Unit: unit.optional(),
    }),
    (input, { store }) => {
      const names = [...input.Statistics, ...input.ExtendedStatistics];
      if (names.length === 0) throw invalidCombination("Statistics or ExtendedStatistics is required.");
      const points = readPoints(input, input.Unit, input, store);
      if (points.length > MAX_STATISTICS_DATAPOINTS) {
        throw invalidCombination(
          `${points.length} datapoints are more than ${MAX_STATISTICS_DATAPOINTS}: lengthen the period.`,
        );
      }
      const extended = input.ExtendedStatistics.map((name) => [name, requireStatistic(name)] as const);
      const simple = input.Statistics.map((name) => [name, requireStatistic(name)] as const);
      const values = (each: typeof simple, point: Distribution) =>
        Object.fromEntries(each.map(([name, statistic]) => [name, statistic(point)]));
      return {
        Label: input.MetricName,
        Datapoints: points.map(({ seconds, unit: measured, values: point }) => ({
          Timestamp: seconds,
          Unit: measured,
          ...values(simple, point),
          ...(extended.length === 0 ? {} : { ExtendedStatistics: values(extended, point) }),
        })),
      };
    },
  ),

  GetMetricData: operation(
    "GetMetricData",
    z.strictObject({
      StartTime: timestamp,
      EndTime: timestamp,
      ScanBy: z.enum(["TimestampDescending", "TimestampAscending"]).default("TimestampDescending"),
      MaxDatapoints: z.int().min(1).max(MAX_DATAPOINTS).default(MAX_DATAPOINTS),
      LabelOptions: z.unknown().optional(),
      MetricDataQueries: z
        .array(
          z.strictObject({
            Id: z.string().regex(/^[a-z][A-Za-z0-9_]{0,254}$/),
            Label: z.string().optional(),
            ReturnData: z.boolean().default(true),
            Expression: z.string().optional(),
            Period: period.optional(),
            AccountId: z.string().optional(),
            MetricStat: z
              .strictObject({
                Metric: z.strictObject(metricReference),
                Period: period,
                Stat: z.string(),
                Unit: unit.optional(),
              })
              .optional(),
          }),
        )
        .min(1)
        .max(MAX_DATA_QUERIES),
    }),
    (input, { store }) => {
      const results = input.MetricDataQueries.map(({ Id, Label, ReturnData, MetricStat }) => {
        if (MetricStat === undefined) {
          throw validationError(
            `${Id}: metric math and Metrics Insights are not simulated here; ask for a MetricStat.`,
          );
        }
        const statistic = requireStatistic(MetricStat.Stat);
        const window = { ...input, Period: MetricStat.Period };
        const points = readPoints(MetricStat.Metric, MetricStat.Unit, window, store);
        if (input.ScanBy === "TimestampDescending") points.reverse();
        return {
          ReturnData,
          result: {
            Id,
            Label: Label ?? MetricStat.Metric.MetricName,
            Timestamps: points.map(({ seconds }) => seconds),
            Values: points.map(({ values }) => statistic(values)),
            StatusCode: "Complete",
          },
        };
      }).filter(({ ReturnData }) => ReturnData);
      const total = results.reduce((sum, { result }) => sum + result.Values.length, 0);
      if (total > input.MaxDatapoints) {
        throw validationError(
          `${total} datapoints are more than MaxDatapoints (${input.MaxDatapoints}); pages are not simulated here.`,
        );
      }
      return { MetricDataResults: results.map(({ result }) => result), Messages: [] };
    },
  ),

  ListMetrics: operation(
    "ListMetrics",
    z.strictObject({
      Namespace: metricReference.Namespace.optional(),
      MetricName: metricReference.MetricName.optional(),
      Dimensions: z.array(z.strictObject({ Name: z.string(), Value: z.string().optional() })).default([]),
      RecentlyActive: z.literal("PT3H").optional(),
      NextToken: z.string().optional(),
      IncludeLinkedAccounts: z.boolean().optional(),
    }),
    (input, { store, clock }) => {
      const metrics = store
        .list()
        .filter(
          ({ namespace, name, dimensions, lastWrittenMillis }) =>
            (input.Namespace === undefined || input.Namespace === namespace) &&
            (input.MetricName === undefined || input.MetricName === name) &&
            (input.RecentlyActive === undefined || lastWrittenMillis >= clock() - RECENTLY_ACTIVE_MILLIS) &&
            input.Dimensions.every(({ Name, Value }) =>
              Value === undefined ? dimensions[Name] !== undefined : dimensions[Name] === Value,
            ),
        );
      const start = Number(input.NextToken ?? 0);
      const page = metrics.slice(start, start + LIST_PAGE_SIZE);
      return {
        Metrics: page.map(toMetric),
        ...(start + page.length < metrics.length ? { NextToken: String(start + page.length) } : {}),
      };
    },
  ),

  DescribeAlarms: operation(
    "DescribeAlarms",
    z.strictObject({
      AlarmNames: z.array(z.string()).max(100).optional(),
      AlarmNamePrefix: z.string().default(""),
      AlarmTypes: z.array(z.string()).optional(),
      StateValue: z.enum(["OK", "ALARM", "INSUFFICIENT_DATA"]).optional(),
      MaxRecords: z.int().optional(),
    }),
    (input, { alarms, store, clock }) => ({
      CompositeAlarms: [],
      MetricAlarms: [...alarms.values()]
        .filter(({ name }) => input.AlarmNames?.includes(name) ?? name.startsWith(input.AlarmNamePrefix))
        .map((alarm) => {
          const { AlarmName: _, ...properties } = alarm.properties;
          const state = alarmState(alarm, store, clock());
          return {
            AlarmName: alarm.name,
            AlarmArn: alarm.arn,
            ...properties,
            StateValue: state.value,
            StateReason: state.reason,
          };
        })
        .filter(({ StateValue }) => input.StateValue === undefined || input.StateValue === StateValue),
    }),
  ),
};

export const CLOUDWATCH_OPERATIONS: Readonly<Record<string, CloudWatchOperation>> = OPERATIONS;

interface Point {
  readonly seconds: number;
  readonly unit: string;
  readonly values: Distribution;
}

/** In order of time; one point for each period and unit. */
function readPoints(
  metric: z.infer<typeof metricReferenceObject>,
  wantedUnit: string | undefined,
  window: { readonly StartTime: number; readonly EndTime: number; readonly Period: number },
  store: MetricStore,
): Point[] {
  const { StartTime, EndTime, Period } = window;
  if (!(StartTime < EndTime)) throw validationError("The parameter StartTime must be less than the parameter EndTime.");
  const name: MetricName = {
    namespace: metric.Namespace,
    name: metric.MetricName,
    dimensions: toDimensions(metric.Dimensions),
  };
  // The first period is the one that StartTime lies in.
  const fromSeconds = Math.floor(StartTime) - (Math.floor(StartTime) % Period);
  const units = store.read(name, { fromSeconds, toSeconds: EndTime, periodSeconds: Period }, wantedUnit);
  return [...units]
    .flatMap(([measured, periods]) => [...periods].map(([seconds, values]) => ({ seconds, unit: measured, values })))
    .sort((a, b) => a.seconds - b.seconds);
}

const metricReferenceObject = z.object(metricReference);

function requireStatistic(name: string): (values: Distribution) => number {
  const statistic = statisticNamed(name);
  if (statistic === undefined)
    throw validationError(`The statistic ${name} is not simulated here; these are: ${KNOWN_STATISTICS}.`);
  return statistic;
}

const toMetric = ({ namespace, name, dimensions }: MetricName) => ({
  Namespace: namespace,
  MetricName: name,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});
