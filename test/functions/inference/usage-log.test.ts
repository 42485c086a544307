import type { UsageLine } from "../../../core/metering/usage-line.ts";
import { readUsageLine } from "../../../core/metering/usage-line-schema.ts";
import { createUsageLog, METRICS } from "../../../functions/inference/usage-log.ts";
import { usageLine } from "../../core/metering/usage-lines.ts";

const LINE = usageLine({
  at: "2026-11-24T12:00:00.123Z",
  tenant: 'quoted "tenant"',
  outputTokens: 0,
  inferenceMillis: 1.25,
  priceUsd: 0.000002,
});

function written(line: UsageLine): { readonly text: string; readonly members: Record<string, unknown> } {
  process.env.POWERTOOLS_SERVICE_NAME = "farthing-small";
  process.env.POWERTOOLS_METRICS_NAMESPACE = "Farthing";
  const lines: string[] = [];
  createUsageLog(
    (text) => lines.push(text),
    (each) => each,
  )(line);
  expect(lines).toHaveLength(1);
  return { text: lines[0] as string, members: JSON.parse(lines[0] as string) };
}

test("one line of text holds the usage line whole", () => {
  const { text } = written(LINE);
  expect(text.indexOf("\n")).toBe(text.length - 1);
  const read = readUsageLine(text);
  expect(read).toMatchObject({ type: "usage", line: LINE });
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
test("and describes its metrics: every name and dimension is a member of the line", () => {
  const { members } = written(LINE);
  const { Timestamp, CloudWatchMetrics } = members._aws as {
    Timestamp: number;
    CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] }[];
  };
  expect(Timestamp).toBe(Date.parse(LINE.at));
  expect(CloudWatchMetrics).toHaveLength(1);
  const directive = CloudWatchMetrics[0] as (typeof CloudWatchMetrics)[0];
  expect(directive.Namespace).toBe("Farthing");
  expect(directive.Dimensions).toEqual([["service"], ["service", "model"]]);
  expect(Object.fromEntries(directive.Metrics.map(({ Name, Unit }) => [Name, Unit]))).toEqual(METRICS);
  for (const name of directive.Dimensions.flat()) expect(typeof members[name]).toBe("string");
  for (const { Name } of directive.Metrics) expect(typeof members[Name]).toBe("number");
  expect(members).toMatchObject({ service: "farthing-small", faults: 0 });
});

test("a name that a caller made up is no dimension: each would be a metric of its own", () => {
  const { members } = written({ ...LINE, model: "made-up", version: "", status: 404, error: "unknown_model" });
  expect(JSON.stringify(members._aws)).toContain('"Dimensions":[["service"]]');
  expect(members).toMatchObject({ model: "made-up", faults: 0 });
});

test("only failures of ours are faults", () => {
  expect(written({ ...LINE, status: 503, error: "model_not_ready" }).members.faults).toBe(1);
  expect(written({ ...LINE, status: 429, error: "overloaded" }).members.faults).toBe(0);
});
