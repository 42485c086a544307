/** The hours of a bill as CloudWatch measured them; sizes of tables are today's, since nobody keeps those of the past. */
import type { HourMeasures } from "../../core/pricing/cost/billed-hour.ts";
import { dayMetrics, hourMeasures, hourMetrics, type Metric } from "../../core/pricing/cost/hour-metrics.ts";
import type { MeteredResources } from "../../core/pricing/cost/metered-resources.ts";
import { monthBefore, monthMetrics } from "../../core/pricing/cost/month-metrics.ts";
import type { DeployedFunction } from "../../core/pricing/deployed-functions.ts";
import type { MeasureSource } from "./measure-source.ts";
import type { ReadSeries, Series, SeriesOf } from "./metric-series.ts";
import { type Period, shareOfHour } from "./period.ts";

const MINUTE_SECONDS = 60;
const HOUR_SECONDS = 3_600;
const HOUR_MILLIS = HOUR_SECONDS * 1_000;
const DAY_SECONDS = 24 * HOUR_SECONDS;
const DAY_MILLIS = DAY_SECONDS * 1_000;
/** Sizes of buckets are told once a day, a day or two late. */
const SIZE_AGE_MILLIS = 3 * DAY_MILLIS;
/** For so long there are values of each minute: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html */
const MINUTES_KEPT_MILLIS = 15 * DAY_MILLIS;

const BUCKET_SIZE = "BucketSizeBytes";

export interface MetricMeasuresParts {
  readonly resources: MeteredResources;
  /** By deployment. */
  readonly functions: Readonly<Record<string, DeployedFunction>>;
  readonly readSeries: ReadSeries;
  /** Of all tables now. */
  readonly tableBytes: () => Promise<number>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export function createMetricMeasures(parts: MetricMeasuresParts): MeasureSource {
  const { resources, functions, readSeries, now } = parts;
  const hourly = Object.values(hourMetrics(resources)).flat();
  const daily = dayMetrics(resources).bucketBytes;
  const monthly = monthMetrics(resources, functions);
  const monthlyMetrics = [...monthly.gatewayRequests, ...monthly.durations.map(({ metric }) => metric)];

  return {
    async read(hours, since) {
      const [first, last] = [hours[0], hours.at(-1)];
      if (first === undefined || last === undefined) return { measures: [], gaps: [] };
      const time = { from: first.from, to: last.to };
      const [byHour, byMonth, byDay, cutHours, tableBytes] = await Promise.all([
        readSeries(hourly, time, HOUR_SECONDS),
        readSeries(monthlyMetrics, { from: monthOf(first.from), to: time.to }, HOUR_SECONDS),
        readSeries(daily, { from: time.from - SIZE_AGE_MILLIS, to: time.to }, DAY_SECONDS),
        minutesOf([...new Set([first, last])].filter(isCut)),
        parts.tableBytes(),
      ]);
      const measures = hours.map((hour): HourMeasures => {
        const byMinute = cutHours.get(hour);
        const valueOf = (metric: Metric): number | undefined =>
          metric.name === BUCKET_SIZE
            ? latest(byDay(metric), hour.to)
            : byMinute !== undefined
              ? over(metric, byMinute(metric))
              : byHour(metric).get(hourOf(hour.from));
        const billed = { from: Math.max(hour.from, since), to: hour.to };
        return {
          ...hourMeasures(resources, { valueOf, tableBytes, hours: shareOfHour(billed) }),
          monthBefore: monthBefore(monthly, (metric) =>
            sumBetween(byMonth(metric), monthOf(hour.from), hourOf(hour.from)),
          ),
        };
      });
      return { measures, gaps: gapsIn(resources, { byDay, byMonth, monthlyMetrics, measures }) };
    },
  };

  /** Of hours that a bill does not take as a whole. */
  async function minutesOf(cut: readonly Period[]): Promise<ReadonlyMap<Period, SeriesOf>> {
    return new Map(
      await Promise.all(cut.map(async (hour) => [hour, await readSeries(hourly, hour, MINUTE_SECONDS)] as const)),
    );
  }

  /** What is older than CloudWatch's minutes is taken by the whole hour. */
  function isCut({ from, to }: Period): boolean {
    if (from < now - MINUTES_KEPT_MILLIS) return false;
    return from !== hourOf(from) || (to !== hourOf(to) && to < now);
  }
}

interface Read {
  readonly byDay: SeriesOf;
  readonly byMonth: SeriesOf;
  readonly monthlyMetrics: readonly Metric[];
  readonly measures: readonly HourMeasures[];
}

function gapsIn(resources: MeteredResources, { byDay, byMonth, monthlyMetrics, measures }: Read): readonly string[] {
  const uncounted = resources.buckets.filter(({ requestFilter }) => requestFilter === undefined);
  const unsized = dayMetrics(resources).bucketBytes.filter((metric) => byDay(metric).size === 0);
  const bucketsOf = (metrics: readonly Metric[]) => metrics.map(({ dimensions }) => dimensions.BucketName).join(", ");
  return [
    ...(uncounted.length === 0
      ? []
      : [
          `requests to S3 of ${uncounted.map(({ name }) => name).join(", ")}: their metrics are off (bucketMetrics in farthing.config.ts)`,
        ]),
    ...(unsized.length === 0 ? [] : [`stored bytes of ${bucketsOf(unsized)}: S3 tells them once a day`]),
    ...(measures.some(({ logBytes }) => logBytes !== undefined)
      ? []
      : ["log lines other than usage lines: CloudWatch counted none"]),
    ...(monthlyMetrics.some((metric) => byMonth(metric).size > 0)
      ? []
      : ["price tiers: nobody counted what the month had before, so every unit has the first tier's price"]),
  ];
}

const hourOf = (millis: number): number => Math.floor(millis / HOUR_MILLIS) * HOUR_MILLIS;

function monthOf(millis: number): number {
  const date = new Date(millis);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

const sumBetween = (series: Series, from: number, to: number): number =>
  [...series].reduce((sum, [start, value]) => (start >= from && start < to ? sum + value : sum), 0);

function latest(series: Series, before: number): number | undefined {
  const [newest] = [...series].filter(([start]) => start < before).sort(([a], [b]) => b - a);
  return newest?.[1];
}

/** Minutes of a part of an hour: their sum, or the average of those that there are. */
function over({ statistic }: Metric, series: Series): number | undefined {
  if (series.size === 0) return undefined;
  const sum = [...series.values()].reduce((all, value) => all + value, 0);
  return statistic === "Average" ? sum / series.size : sum;
}
