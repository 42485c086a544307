import * as z from "zod";
import { metricReference, toDimensions, unit } from "./metric-input.ts";
import type { MetricStore } from "./metric-store.ts";
import { statisticNamed } from "./statistics.ts";

const COMPARISONS = {
  GreaterThanOrEqualToThreshold: (value: number, threshold: number) => value >= threshold,
  GreaterThanThreshold: (value: number, threshold: number) => value > threshold,
  LessThanThreshold: (value: number, threshold: number) => value < threshold,
  LessThanOrEqualToThreshold: (value: number, threshold: number) => value <= threshold,
} as const;

export const alarmProperties = z.object({
  AlarmName: z.optional(z.string()),
  AlarmDescription: z.optional(z.string()),
  ComparisonOperator: z.enum(Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]),
  Threshold: z.optional(z.number()),
  EvaluationPeriods: z.int().check(z.minimum(1)),
  DatapointsToAlarm: z.optional(z.int().check(z.minimum(1))),
  Period: z.optional(z.int().check(z.minimum(1))),
  Statistic: z.optional(z.string()),
  ExtendedStatistic: z.optional(z.string()),
  TreatMissingData: z._default(z.enum(["missing", "breaching", "notBreaching", "ignore"]), "missing"),
  Unit: z.optional(unit),
  Namespace: z.optional(metricReference.Namespace),
  MetricName: z.optional(metricReference.MetricName),
  Dimensions: metricReference.Dimensions,
});

export interface Alarm {
  readonly name: string;
  readonly arn: string;
  readonly properties: z.infer<typeof alarmProperties>;
}

export interface AlarmState {
  readonly value: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  readonly reason: string;
}

/**
 * The state by the last complete periods, worked out when somebody asks. Nothing is remembered between: `ignore` counts
 * as `missing`, and the wider range in which CloudWatch looks for late data is not searched.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
 */
export function alarmState({ properties }: Alarm, store: MetricStore, nowMillis: number): AlarmState {
  const { Namespace, MetricName, Period = 60, Threshold, EvaluationPeriods, TreatMissingData } = properties;
  const statistic = statisticNamed(properties.ExtendedStatistic ?? properties.Statistic ?? "");
  if (Namespace === undefined || MetricName === undefined || Threshold === undefined || statistic === undefined) {
    return { value: "INSUFFICIENT_DATA", reason: "Alarms over several metrics or their bands are not evaluated here." };
  }
  const nowSeconds = Math.floor(nowMillis / 1000);
  const toSeconds = nowSeconds - (nowSeconds % Period);
  const fromSeconds = toSeconds - EvaluationPeriods * Period;
  const metric = { namespace: Namespace, name: MetricName, dimensions: toDimensions(properties.Dimensions) };
  const units = store.read(metric, { fromSeconds, toSeconds, periodSeconds: Period }, properties.Unit);
  const values = [...units.values()].flatMap((periods) => [...periods.values()].map(statistic));
  const missing = Math.max(0, EvaluationPeriods - values.length);
  const breaching = values.filter((value) => COMPARISONS[properties.ComparisonOperator](value, Threshold)).length;
  const counted = breaching + (TreatMissingData === "breaching" ? missing : 0);
  const needed = properties.DatapointsToAlarm ?? EvaluationPeriods;
  const reason = `${breaching} of the last ${EvaluationPeriods} periods breach the threshold ${Threshold}, ${missing} are missing.`;
  if (counted >= needed) return { value: "ALARM", reason };
  const unknown = values.length === 0 && (TreatMissingData === "missing" || TreatMissingData === "ignore");
  return { value: unknown ? "INSUFFICIENT_DATA" : "OK", reason };
}
