/** One look at the cache: what is in force, what was used, what should be; and in `apply` mode, done. */
import type { ServerlessCache } from "../../adapters/elasticache/serverless-cache.ts";
import { decideCacheLimits } from "../../core/planner/cache-limits.ts";
import { type CacheMeasurements, observeUse } from "../../core/planner/cache-use.ts";
import { calendarMonth } from "../../core/planner/calendar-month.ts";
import { type DecisionFacts, decisionLine, type Outcome } from "./decision-line.ts";
import type { GovernedCache, GovernorEnvironment } from "./environment.ts";

export interface CacheGovernorParts {
  readonly cache: ServerlessCache;
  readonly metrics: GovernorEnvironment["metrics"];
  measure(now: { readonly millis: number; readonly monthStartMillis: number }): Promise<CacheMeasurements>;
  /** Gets whole lines, the line feed included. */
  write(line: string): void;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** A cache in another state takes no change: `creating`, `modifying`, `deleting`. */
const AVAILABLE = "available";

/** Rejects when the service, or CloudWatch, cannot be asked; the schedule comes again. */
export async function governCache(governed: GovernedCache, parts: CacheGovernorParts): Promise<void> {
  const nowMillis = parts.now();
  const month = calendarMonth(nowMillis);
  const now = { millis: nowMillis, monthStartMillis: month.startMillis };
  const [{ limits: inForce, status }, measured] = await Promise.all([parts.cache.read(), parts.measure(now)]);
  const { bounds, everyMinutes } = governed;
  // Storage that is kept is billed like the least.
  const prices = { ...governed.prices, leastGb: Math.max(governed.prices.leastGb, inForce.minGb) };
  const use = observeUse(measured, { ...now, minUnitsPerSecond: inForce.minUnitsPerSecond }, prices);
  const everyHours = everyMinutes / 60;
  const decision = decideCacheLimits({ bounds, inForce, use, prices: governed.prices, month, everyHours });
  const { metrics } = parts;
  const facts: Omit<DecisionFacts, "outcome"> = { governed, metrics, inForce, use, decision, nowMillis };
  const say = (outcome: Outcome): void => parts.write(`${decisionLine({ ...facts, outcome })}\n`);
  if (!decision.changes) return say("kept");
  if (governed.mode === "dry-run") return say("would-change");
  if (status !== AVAILABLE) return say("waits");
  await parts.cache.change(decision.limits);
  say("changed");
}
