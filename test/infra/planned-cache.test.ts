import { parsePlan } from "../../core/planner/plan.ts";
import { type PriceBook, usEast1 } from "../../core/pricing/price-book.ts";
import { cacheSchema } from "../../infra/cache-options.ts";
import { plannedCache } from "../../infra/planned-cache.ts";

const planned = (cache: object | undefined, options: object, priceBook: PriceBook = usEast1) => {
  const plan = parsePlan({ schema: "farthing.plan/1", environment: "prod", ...(cache && { cache }) }, "plan");
  return plannedCache(cacheSchema.parse(options), { plan, priceBook, cards: new Map() });
};
const apply = { governor: { mode: "apply", monthlyUsd: 200 } };
const wide = { maxGb: 10, maxEcpuPerSecond: 100_000 };

test("the plan over the options over the defaults", () => {
  expect(planned(undefined, {}).limits).toEqual({ maxGb: 1, maxUnitsPerSecond: 5000, minUnitsPerSecond: 0 });
  expect(planned(undefined, { maxGb: 3 }).limits).toMatchObject({ maxGb: 3, maxUnitsPerSecond: 5000 });
  const plan = { maxGb: 7, maxUnitsPerSecond: 9000, minUnitsPerSecond: 2000 };
  expect(planned(plan, { maxGb: 3 })).toEqual({ limits: plan, governed: undefined });
  expect(planned({ minUnitsPerSecond: 2000 }, wide).limits).toMatchObject({ maxGb: 10, minUnitsPerSecond: 2000 });
});

test("more kept ready than there may be is refused, in words", () => {
  expect(() => planned({ minUnitsPerSecond: 6000 }, {})).toThrow("minUnitsPerSecond, 6000, is above the most");
});

test("who only says what it would do changes nothing: the template has what the owner allows", () => {
  const { limits, governed } = planned(undefined, { ...wide, governor: { monthlyUsd: 200 } });
  expect(limits).toEqual({ maxGb: 10, maxUnitsPerSecond: 100_000, minUnitsPerSecond: 0 });
  expect(governed).toMatchObject({ mode: "dry-run", everyMinutes: 15, bounds: { ...limits, monthlyUsd: 200 } });
});

test("a governor that applies starts from what a whole month may run at, by the price book", () => {
  // 200 ÷ 744 − 0.084 for 1 GB = 0.18482 USD an hour, ÷ 0.00000828 = 22,321 units a second.
  const { limits, governed } = planned(undefined, { ...wide, ...apply });
  expect(limits).toEqual({ maxGb: 1, maxUnitsPerSecond: 22_300, minUnitsPerSecond: 0 });
  expect(governed).toMatchObject({
    bounds: { maxGb: 10, maxUnitsPerSecond: 100_000, monthlyUsd: 200 },
    prices: { usdPerGbHour: 0.084, usdPerMillionUnits: 0.0023, leastGb: 0.1 },
  });
  const { elasticacheServerlessValkey: cachePrices } = usEast1;
  const dearer = { ...usEast1, elasticacheServerlessValkey: { ...cachePrices, perMEcpu: 0.0034 } };
  expect(planned(undefined, { ...wide, ...apply }, dearer).limits.maxUnitsPerSecond).toBe(15_000);
});
