import { physicalName } from "../physical-name.ts";
import { readProperties } from "../resource-properties.ts";
import type { MetricSink, Simulator, SimulatorContext } from "../simulator.ts";
import { type Alarm, alarmProperties } from "./alarms.ts";
import { createCloudWatchApi } from "./api.ts";
import { Distribution } from "./distribution.ts";
import { readEmbeddedMetrics } from "./embedded-metrics.ts";
import { type Datum, MetricStore } from "./metric-store.ts";

const MAX_NAME_LENGTH = 255;

/** What services measure themselves (`AWS/Lambda` Duration, `AWS/ApiGateway` Count), as opposed to log lines. */
export interface MetricRecorder {
  recordMetric(datum: Omit<Datum, "values" | "resolution"> & { readonly value: number }): void;
}

/** CloudWatch metrics and alarms, in memory; metric data come from log lines, from PutMetricData and from the services. */
export function createCloudWatchSimulator(
  context: Pick<SimulatorContext, "accountId" | "region" | "clock" | "emit">,
): Simulator & MetricSink & MetricRecorder {
  const { accountId, region, clock } = context;
  const store = new MetricStore();
  const alarms = new Map<string, Alarm>();
  return {
    resources: {
      "AWS::CloudWatch::Alarm": {
        honoured: Object.keys(alarmProperties.shape),
        ignored: {
          ActionsEnabled: "nothing here receives notifications",
          AlarmActions: "nothing here receives notifications",
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
    recordMetric({ value, ...datum }) {
      const values = new Distribution();
      values.add(value);
      store.record({ ...datum, resolution: 60, values });
    },
  };
}
