/** What the price tiers of a month are counted by: https://aws.amazon.com/lambda/pricing/, https://aws.amazon.com/api-gateway/pricing/ */
import type { DeployedFunction } from "../deployed-functions.ts";
import type { HourMeasures } from "./billed-hour.ts";
import type { Metric } from "./hour-metrics.ts";
import type { MeteredResources } from "./metered-resources.ts";

export interface MonthMetrics {
  readonly gatewayRequests: readonly Metric[];
  /** Milliseconds of each serving function, without INIT. */
  readonly durations: readonly { readonly metric: Metric; readonly function: DeployedFunction }[];
}

/** `functions`: by deployment. Other functions than the serving ones are too small to matter. */
export const monthMetrics = (
  { apis, functions }: MeteredResources,
  facts: Readonly<Record<string, DeployedFunction>>,
): MonthMetrics => ({
  gatewayRequests: apis.map((ApiName) => ({
    ...{ namespace: "AWS/ApiGateway", name: "Count", statistic: "Sum" as const },
    dimensions: { ApiName },
  })),
  durations: functions.flatMap(({ name: FunctionName, deployment }) => {
    const known = deployment === undefined ? undefined : facts[deployment];
    if (known === undefined || known.managed === true) return [];
    const metric = { namespace: "AWS/Lambda", name: "Duration", statistic: "Sum" as const };
    return [{ metric: { ...metric, dimensions: { FunctionName } }, function: known }];
  }),
});

/** `valueOf`: the metric's sum over the month until the hour. */
export function monthBefore(
  { gatewayRequests, durations }: MonthMetrics,
  valueOf: (metric: Metric) => number | undefined,
): NonNullable<HourMeasures["monthBefore"]> {
  const gbSeconds = { x86_64: 0, arm64: 0 };
  for (const { metric, function: facts } of durations) {
    gbSeconds[facts.architecture] += ((valueOf(metric) ?? 0) / 1_000) * (facts.memoryMegabytes / 1_024);
  }
  const requests = gatewayRequests.reduce((sum, metric) => sum + (valueOf(metric) ?? 0), 0);
  return { gatewayRequests: Math.round(requests), gbSeconds };
}
