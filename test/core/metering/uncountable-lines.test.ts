import { UNCOUNTABLE_LINES, uncountableLines } from "../../../core/metering/uncountable-lines.ts";
import { readEmbeddedMetrics } from "../../../local/cloudwatch/embedded-metrics.ts";

test("a log line carries the metric, however the logger wraps it", () => {
  const text = JSON.stringify({
    level: "ERROR",
    message: "…",
    problems: ["status"],
    ...uncountableLines("prod", 3, 1_000),
  });
  const read = readEmbeddedMetrics(text);
  if (read.type === "none") throw new Error("no metric");
  expect(read.problems).toEqual([]);
  expect(read.data).toMatchObject([
    { namespace: UNCOUNTABLE_LINES.namespace, name: UNCOUNTABLE_LINES.name, dimensions: { environment: "prod" } },
  ]);
  expect(read.data[0]?.values.sum).toBe(3);
});
