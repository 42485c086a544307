/** Metrics of CloudWatch over some time, by period: as many of them as a call takes, and as many calls as that needs. */
import { type CloudWatchClient, paginateGetMetricData } from "@aws-sdk/client-cloudwatch";
import type { Metric } from "../../core/pricing/cost/hour-metrics.ts";
import type { Period } from "./period.ts";

/** Start of the period, milliseconds since the epoch → value. Periods in which nothing happened are absent. */
export type Series = ReadonlyMap<number, number>;

export type ReadSeries = (metrics: readonly Metric[], time: Period, periodSeconds: number) => Promise<SeriesOf>;
/** Empty for a metric that was not asked for. */
export type SeriesOf = (metric: Metric) => Series;

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html */
const METRICS_PER_CALL = 500;

export function createSeriesReader(client: CloudWatchClient): ReadSeries {
  return async (metrics, { from, to }, Period) => {
    const series = new Map<string, Map<number, number>>();
    for (let start = 0; start < metrics.length; start += METRICS_PER_CALL) {
      const asked = metrics.slice(start, start + METRICS_PER_CALL);
      const pages = paginateGetMetricData(
        { client },
        {
          StartTime: new Date(from),
          EndTime: new Date(to),
          MetricDataQueries: asked.map((metric, index) => ({ Id: `m${index}`, MetricStat: statOf(metric, Period) })),
        },
      );
      for await (const { MetricDataResults = [] } of pages) {
        for (const { Id = "", Timestamps = [], Values = [] } of MetricDataResults) {
          const name = nameOf(asked[Number(Id.slice(1))] as Metric);
          const values = series.get(name) ?? new Map<number, number>();
          for (const [index, time] of Timestamps.entries()) values.set(time.getTime(), Values[index] ?? 0);
          series.set(name, values);
        }
      }
    }
    return (metric) => series.get(nameOf(metric)) ?? new Map();
  };
}

const statOf = ({ namespace, name, dimensions, statistic }: Metric, Period: number) => ({
  Metric: {
    Namespace: namespace,
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
  },
  Period,
  Stat: statistic,
});

const nameOf = ({ namespace, name, dimensions, statistic }: Metric): string =>
  JSON.stringify([namespace, name, dimensions, statistic]);
