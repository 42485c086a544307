import type { Distribution } from "./distribution.ts";

const SIMPLE: Readonly<Record<string, (values: Distribution) => number>> = {
  SampleCount: ({ count }) => count,
  Sum: ({ sum }) => sum,
  Average: ({ average }) => average,
  Minimum: ({ min }) => min,
  Maximum: ({ max }) => max,
};

/**
 * The five statistics and percentiles (`p99`, `p99.9`). Undefined for the others (trimmed means and their kind), which
 * are not simulated.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
 */
export function statisticNamed(name: string): ((values: Distribution) => number) | undefined {
  if (Object.hasOwn(SIMPLE, name)) return SIMPLE[name];
  const percent = /^p(\d{1,2}(?:\.\d{1,10})?|100)$/.exec(name)?.[1];
  return percent === undefined ? undefined : (values) => values.percentile(Number(percent));
}

export const KNOWN_STATISTICS = `${Object.keys(SIMPLE).join(", ")} and p0 to p100`;
