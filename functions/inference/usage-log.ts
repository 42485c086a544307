/**
 * One line per request: the usage line, and in the same bytes its metrics (embedded metric format), since every byte of a
 * log is paid for. Powertools describes the metrics once; a request only fills in its values.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { UsageLine } from "../../core/metering/usage-line.ts";

/** Members of the usage line that are metrics too, and `faults`: 1 when we failed, else 0. Requests are the count of `faults`. */
export const METRICS = {
  faults: MetricUnit.Count,
  durationMillis: MetricUnit.Milliseconds,
  inferenceMillis: MetricUnit.Milliseconds,
  priceUsd: MetricUnit.NoUnit,
} as const;

/**
 * `write` gets whole lines, the line feed included, and has handed them to the outside when it returns. `number` makes each line
 * one of a kind, whoever delivers it however often (core/metering/usage-sequence.ts).
 */
export function createUsageLog(
  write: (line: string) => void,
  number: (line: UsageLine) => UsageLine,
): (line: UsageLine) => void {
  const perService = describeMetrics([[]]);
  const perModel = describeMetrics([[], ["model"]]);
  return (line) => {
    // Every name that a caller makes up would be a metric, at 0.30 USD a month each: only models that exist are named.
    const { head, tail } = line.version === "" ? perService : perModel;
    const faults = line.status >= 500 ? 1 : 0;
    write(`${head}${Date.parse(line.at)}${tail}"faults":${faults},${JSON.stringify(number(line)).slice(1)}\n`);
  };
}

const TIMESTAMP = "timestamp";

/** The part of a line that is the same for every request, cut open where the time belongs. Each set of dimensions is a metric. */
function describeMetrics(dimensionSets: readonly (readonly (keyof UsageLine)[])[]): {
  readonly head: string;
  readonly tail: string;
} {
  const metrics = new Metrics();
  for (const set of dimensionSets) metrics.addDimensions(Object.fromEntries(set.map((name) => [name, name])));
  for (const [name, unit] of Object.entries(METRICS)) metrics.addMetric(name, unit, 0);
  const { _aws, ...members } = metrics.serializeMetrics();
  const filledIn = new Set<string>([...dimensionSets.flat(), ...Object.keys(METRICS)]);
  const constant = Object.fromEntries(Object.entries(members).filter(([name]) => !filledIn.has(name)));
  const text = JSON.stringify({ _aws: { ..._aws, Timestamp: TIMESTAMP }, ...constant });
  const [head, tail] = text.slice(0, -1).split(JSON.stringify(TIMESTAMP)) as [string, string];
  return { head, tail: `${tail},` };
}
