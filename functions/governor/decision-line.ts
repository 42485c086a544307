/**
 * One line for each decision, and in it its metrics (embedded metric format). Few, as each costs 0.30 USD a month; the rest is in
 * the line. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { CacheDecision, CacheInForce } from "../../core/planner/cache-limits.ts";
import type { ObservedUse } from "../../core/planner/cache-use.ts";
import type { GovernedCache, GovernorEnvironment } from "./environment.ts";

/** What came of a decision. `waits`: the service is still busy with an earlier change. */
export type Outcome = "kept" | "would-change" | "changed" | "waits";

export interface DecisionFacts {
  readonly governed: GovernedCache;
  readonly metrics: GovernorEnvironment["metrics"];
  readonly inForce: CacheInForce;
  readonly use: ObservedUse;
  readonly decision: CacheDecision;
  readonly outcome: Outcome;
  readonly nowMillis: number;
}

export const LINE = "farthing.governor.cache/1";
/** Under this name and `cache` the minimum in force is found again, to reckon what past hours were billed. */
export const MINIMUM_METRIC = "cacheMinUnitsPerSecond";

/** Without a line feed. */
export function decisionLine(facts: DecisionFacts): string {
  const { governed, inForce, use, decision, outcome, nowMillis } = facts;
  const metrics = new Metrics({ namespace: facts.metrics.namespace, serviceName: facts.metrics.service });
  metrics.setDefaultDimensions({ cache: governed.cache });
  metrics.setTimestamp(nowMillis);
  metrics.addMetric("cacheForecastUsd", MetricUnit.NoUnit, decision.forecastUsd);
  metrics.addMetric("cacheLimitChanges", MetricUnit.Count, outcome === "would-change" || outcome === "changed" ? 1 : 0);
  metrics.addMetric(MINIMUM_METRIC, MetricUnit.Count, inForce.minUnitsPerSecond);
  return JSON.stringify({
    ...metrics.serializeMetrics(),
    governor: LINE,
    at: new Date(nowMillis).toISOString(),
    mode: governed.mode,
    outcome,
    limits: decision.limits,
    reasons: decision.reasons,
    // JSON knows no infinity: a limit that is not set is left out.
    inForce: Object.fromEntries(Object.entries(inForce).filter(([, value]) => Number.isFinite(value))),
    use,
    monthlyUsd: governed.bounds.monthlyUsd,
    allowedUsdPerHour: decision.allowedUsdPerHour,
    holdsBound: decision.holdsBound,
  });
}
