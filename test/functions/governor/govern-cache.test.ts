import type { CacheLimits } from "../../../core/planner/cache-cost.ts";
import type { CacheInForce } from "../../../core/planner/cache-limits.ts";
import type { CacheMeasurements } from "../../../core/planner/cache-use.ts";
import { parseEnvironment } from "../../../functions/governor/environment.ts";
import { governCache } from "../../../functions/governor/govern-cache.ts";
import { readEmbeddedMetrics } from "../../../local/cloudwatch/embedded-metrics.ts";

const governed = {
  mode: "apply",
  cache: "farthing-prod",
  everyMinutes: 15,
  bounds: { maxGb: 10, maxUnitsPerSecond: 100_000, minUnitsPerSecond: 0, monthlyUsd: 300 },
  prices: { usdPerGbHour: 0.084, usdPerMillionUnits: 0.0023, leastGb: 0.1 },
} as const;
const NOW = Date.UTC(2026, 10, 11, 12);
const inForce: CacheInForce = { minGb: 0, maxGb: 1, maxUnitsPerSecond: 5000, minUnitsPerSecond: 0 };
const nothing: CacheMeasurements = { hours: [], minutes: [] };

async function govern(
  mode: "apply" | "dry-run",
  { limits = inForce, status = "available", measured = nothing } = {},
): Promise<{
  readonly line: Record<string, unknown>;
  readonly text: string;
  readonly changes: readonly CacheLimits[];
}> {
  const changes: CacheLimits[] = [];
  let text = "";
  await governCache(
    { ...governed, mode },
    {
      cache: {
        read: async () => ({ limits, status }),
        change: async (wanted) => void changes.push(wanted),
      },
      metrics: { namespace: "Farthing", service: "farthing-governor" },
      measure: async () => measured,
      write: (line) => {
        text += line;
      },
      now: () => NOW,
    },
  );
  expect(text.endsWith("\n")).toBe(true);
  return { line: JSON.parse(text), text: text.trimEnd(), changes };
}

test("what it decides it does, and says why", async () => {
  const { line, changes } = await govern("apply");
  expect(changes).toEqual([line.limits]);
  expect(line).toMatchObject({
    governor: "farthing.governor.cache/1",
    at: "2026-11-11T12:00:00.000Z",
    mode: "apply",
    outcome: "changed",
    inForce,
    monthlyUsd: 300,
    holdsBound: true,
    // Ten and a half days of an empty cache.
    use: { spentUsd: expect.closeTo(252 * 0.0084, 6) },
    reasons: [expect.stringContaining("units a second")],
  });
});

test("in dry-run mode it only says so", async () => {
  const { line, changes } = await govern("dry-run");
  expect(line.outcome).toBe("would-change");
  expect(changes).toEqual([]);
});

test("while the service is busy with a change, the next one waits", async () => {
  const { line, changes } = await govern("apply", { status: "modifying" });
  expect(line.outcome).toBe("waits");
  expect(changes).toEqual([]);
});

test("limits that were never set are above every bound", async () => {
  const limits = { ...inForce, maxGb: Number.POSITIVE_INFINITY, maxUnitsPerSecond: Number.POSITIVE_INFINITY };
  const { line, changes } = await govern("apply", { limits });
  expect(changes).toHaveLength(1);
  expect(line.inForce).toEqual({ minGb: 0, minUnitsPerSecond: 0 });
});

test("storage that is kept is billed, and given back", async () => {
  const { line } = await govern("apply", { limits: { ...inForce, minGb: 1 } });
  expect(line.use).toMatchObject({ spentUsd: expect.closeTo(252 * 0.084, 6) });
  expect(line.reasons).toContainEqual(expect.stringContaining("1 GB are billed"));
});

test("the line carries its metrics, under the name of the cache", async () => {
  const limits = { ...inForce, minUnitsPerSecond: 2000 };
  const metrics = readEmbeddedMetrics((await govern("dry-run", { limits })).text);
  if (metrics.type === "none") throw new Error("the line has no metrics");
  expect(metrics.problems).toEqual([]);
  expect(Object.fromEntries(metrics.data.map(({ name, values }) => [name, values.sum]))).toEqual({
    cacheForecastUsd: expect.any(Number),
    cacheLimitChanges: 1,
    cacheMinUnitsPerSecond: 2000,
  });
  for (const { dimensions, timestampMillis } of metrics.data) {
    expect(dimensions).toEqual({ service: "farthing-governor", cache: "farthing-prod" });
    expect(timestampMillis).toBe(NOW);
  }
});

test("variables that are missing or wrong are named", () => {
  const variables = {
    FARTHING_GOVERNED_CACHE: JSON.stringify(governed),
    POWERTOOLS_METRICS_NAMESPACE: "Farthing",
    POWERTOOLS_SERVICE_NAME: "farthing-governor",
  };
  expect(parseEnvironment(variables).cache).toEqual(governed);
  expect(() => parseEnvironment({})).toThrow("FARTHING_GOVERNED_CACHE");
  const wrong = { ...governed, bounds: { ...governed.bounds, monthlyUsd: -1 }, mode: "maybe" };
  expect(() => parseEnvironment({ ...variables, FARTHING_GOVERNED_CACHE: JSON.stringify(wrong) })).toThrow(
    /mode.*bounds\.monthlyUsd/,
  );
});
