import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { MetricSink, Simulator, SimulatorContext } from "../simulator.ts";
import { type Alarm, type AlarmState, alarmProperties, alarmState } from "./alarms.ts";
import { createCloudWatchApi } from "./api.ts";
import { Distribution } from "./distribution.ts";
import { readEmbeddedMetrics } from "./embedded-metrics.ts";
import { type Datum, type MetricName, MetricStore } from "./metric-store.ts";
import { statisticNamed } from "./statistics.ts";

const MAX_NAME_LENGTH = 255;

/** What services measure themselves (`AWS/Lambda` Duration, `AWS/ApiGateway` Count), as opposed to log lines. */
export interface MetricRecorder {
  recordMetric(
    datum: Omit<Datum, "values" | "resolution"> & { readonly value: number; readonly resolution?: Datum["resolution"] },
  ): void;
}

/** What services that act on alarms and metrics look at. */
export interface MetricReader {
  /** Every alarm with its state by now, and the ARNs of what it shall set off. */
  alarms(): readonly (AlarmState & {
    readonly name: string;
    readonly threshold: number;
    readonly actions: readonly string[];
  })[];
  stateOf(alarmName: string): AlarmState["value"] | undefined;
  /** One value for each of the last complete periods, oldest first; undefined where nothing was measured. */
  recent(
    metric: MetricName & { readonly statistic: string },
    window: { readonly periodSeconds: number; readonly periods: number },
  ): readonly (number | undefined)[];
}

/** CloudWatch metrics and alarms, in memory; metric data come from log lines, from PutMetricData and from the services. */
export function createCloudWatchSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "clock" | "emit">,
): Simulator & MetricSink & MetricRecorder & MetricReader {
  const { accountId, region, clock } = context;
  const store = new MetricStore();
  const alarms = new Map<string, Alarm>();
  return {
    resources: {
      "AWS::CloudWatch::Alarm": {
        honoured: Object.keys(alarmProperties.shape),
        ignored: {
          EvaluateLowSampleCountPercentile: "percentiles are taken of whatever there is",
          InsufficientDataActions: "nothing here receives notifications",
          OKActions: "nothing here receives notifications",
          Tags: "no policy here compares tags",
        },
        async create(resource) {
          const properties = readProperties(resource, alarmProperties);
          const name = properties.AlarmName ?? physicalName(resource, { maxLength: MAX_NAME_LENGTH });
          const arn = `arn:aws:cloudwatch:${region}:${accountId}:alarm:${name}`;
          alarms.set(name, { name, arn, properties });
          return { ref: name, attributes: { Arn: arn } };
        },
      },
    },
    service: createCloudWatchApi({ store, alarms, clock }),
    ingestLogLine(logGroup, line) {
      const metrics = readEmbeddedMetrics(line);
      if (metrics.type === "none") return;
      for (const datum of metrics.data) store.record(datum);
      for (const problem of metrics.problems) {
        context.emit({
          type: "warning",
          message: `${logGroup}: an embedded metric would be lost in CloudWatch: ${problem}`,
        });
      }
    },
    recordMetric({ value, resolution = 60, ...datum }) {
      const values = new Distribution();
      values.add(value);
      store.record({ ...datum, resolution, values });
    },
    alarms: () =>
      [...alarms.values()].map((alarm) => ({
        name: alarm.name,
        threshold: alarm.properties.Threshold ?? 0,
        actions: alarm.properties.ActionsEnabled === false ? [] : (alarm.properties.AlarmActions ?? []),
        ...alarmState(alarm, store, clock()),
      })),
    stateOf(alarmName) {
      const alarm = alarms.get(alarmName);
      return alarm && alarmState(alarm, store, clock()).value;
    },
    recent({ statistic: name, ...metric }, { periodSeconds, periods }) {
      const statistic = statisticNamed(name);
      if (statistic === undefined) throw new Error(`There is no statistic ${name} here.`);
      const nowSeconds = Math.floor(clock() / 1_000);
      const toSeconds = nowSeconds - (nowSeconds % periodSeconds);
      const fromSeconds = toSeconds - periods * periodSeconds;
      const merged = new Map<number, Distribution>();
      for (const units of store.read(metric, { fromSeconds, toSeconds, periodSeconds }).values()) {
        for (const [start, point] of units) {
          const all = merged.get(start) ?? new Distribution();
          all.merge(point);
          merged.set(start, all);
        }
      }
      return Array.from({ length: periods }, (_, index) => {
        const point = merged.get(fromSeconds + index * periodSeconds);
        return point && statistic(point);
      });
    },
  };
}
