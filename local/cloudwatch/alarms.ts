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
  ActionsEnabled: z.boolean().optional(),
  AlarmActions: z.array(z.string()).optional(),
  AlarmName: z.string().optional(),
  AlarmDescription: z.string().optional(),
  ComparisonOperator: z.enum(Object.keys(COMPARISONS) as (keyof typeof COMPARISONS)[]),
  Threshold: z.number().optional(),
  EvaluationPeriods: z.int().min(1),
  DatapointsToAlarm: z.int().min(1).optional(),
  Period: z.int().min(1).optional(),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  TreatMissingData: z.enum(["missing", "breaching", "notBreaching", "ignore"]).default("missing"),
  Unit: unit.optional(),
  Namespace: metricReference.Namespace.optional(),
  MetricName: metricReference.MetricName.optional(),
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
  /** The metric in the last period that has a value. */
  readonly latest?: number;
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
  const points = [...units.values()].flatMap((periods) => [...periods]).sort(([a], [b]) => a - b);
  const values = points.map(([, point]) => statistic(point));
  const missing = Math.max(0, EvaluationPeriods - values.length);
  const breaching = values.filter((value) => COMPARISONS[properties.ComparisonOperator](value, Threshold)).length;
  const counted = breaching + (TreatMissingData === "breaching" ? missing : 0);
  const needed = properties.DatapointsToAlarm ?? EvaluationPeriods;
  const reason = `${breaching} of the last ${EvaluationPeriods} periods breach the threshold ${Threshold}, ${missing} are missing.`;
  const latest = values.at(-1);
  const seen = latest === undefined ? { reason } : { reason, latest };
  if (counted >= needed) return { value: "ALARM", ...seen };
  const unknown = values.length === 0 && (TreatMissingData === "missing" || TreatMissingData === "ignore");
  return { value: unknown ? "INSUFFICIENT_DATA" : "OK", ...seen };
}
