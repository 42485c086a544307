import fc from "fast-check";
import { type CacheLimits, cachePricesOf, usedUsd, worstUsdPerHour } from "../../../core/planner/cache-cost.ts";
import { LEAST_LIMITS } from "../../../core/planner/cache-ladder.ts";
import {
  type CacheBounds,
  type CacheSituation,
  decideCacheLimits,
  firstCacheLimits,
} from "../../../core/planner/cache-limits.ts";
import { NOTHING_OBSERVED } from "../../../core/planner/cache-use.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";

const prices = cachePricesOf(usEast1);
const bounds: CacheBounds = { maxGb: 10, maxUnitsPerSecond: 200_000, minUnitsPerSecond: 0, monthlyUsd: 300 };
/** Ten days into a month of thirty. */
const month = { startMillis: 0, hoursLeft: 480, nextHours: 744 };
const situation: CacheSituation = {
  bounds,
  inForce: { maxGb: 1, maxUnitsPerSecond: 5000, minUnitsPerSecond: 0, minGb: 0 },
  use: NOTHING_OBSERVED,
  prices,
  month,
  everyHours: 0.25,
};
const decide = (change: Partial<CacheSituation>) => decideCacheLimits({ ...situation, ...change });

test("what is left is spread over the hours that are left, and the highest limits for it are taken", () => {
  // (300 − 20) ÷ 480.25 = 0.58303 USD an hour; without the 0.084 of 1 GB, ÷ 0.00000828 = 60,269 units a second.
  const { limits, allowedUsdPerHour, changes, holdsBound, reasons } = decide({
    use: { ...NOTHING_OBSERVED, spentUsd: 20 },
  });
  expect(allowedUsdPerHour).toBeCloseTo(0.58303, 4);
  expect(limits).toEqual({ maxGb: 1, maxUnitsPerSecond: 60_200, minUnitsPerSecond: 0 });
  expect({ changes, holdsBound }).toEqual({ changes: true, holdsBound: true });
  expect(reasons.join()).toContain("0.5830 USD an hour allow 60200 units a second");
});

test("storage that was needed comes before units that were not", () => {
  const use = { ...NOTHING_OBSERVED, spentUsd: 20, peakGb: 2.5, growthGb: 0.3, peakUnitsPerSecond: 2000 };
  // 1.25 × 2.8 GB = 3.5, so 4; 1.25 × 2000 units; the rest of the money is for units.
  const { limits } = decide({ use });
  expect(limits.maxGb).toBe(4);
  expect(limits.maxUnitsPerSecond).toBeGreaterThan(20_000);
});

test("more than the bounds is never asked for, whatever there is to spend", () => {
  expect(decide({ bounds: { ...bounds, monthlyUsd: 1e6 } }).limits).toMatchObject({
    maxGb: 10,
    maxUnitsPerSecond: 200_000,
  });
});

test("limits that cost too much go down at once; where even the least do, it says so", () => {
  const inForce = { maxGb: 10, maxUnitsPerSecond: 200_000, minUnitsPerSecond: 0, minGb: 0 };
  const lower = decide({ inForce, use: { ...NOTHING_OBSERVED, spentUsd: 200 } });
  expect(lower.changes).toBe(true);
  expect(lower.reasons.join()).toMatch(/an hour may cost 2\.\d+ USD, and the rest of the month allows 0\.2\d+ USD/);
  const spent = decide({ inForce, use: { ...NOTHING_OBSERVED, spentUsd: 299 } });
  expect(spent).toMatchObject({ limits: LEAST_LIMITS, holdsBound: false, changes: true });
});

test("small raises wait, and what was decided is not decided again", () => {
  const first = decide({});
  const inForce = { ...first.limits, minGb: 0 };
  expect(decide({ inForce }).changes).toBe(false);
  const slightlyLess = { ...inForce, maxUnitsPerSecond: Math.ceil(inForce.maxUnitsPerSecond / 1.05) };
  expect(decide({ inForce: slightlyLess })).toMatchObject({ changes: false, reasons: [] });
});

test("a limit that turned commands away is doubled where the money allows", () => {
  const use = { ...NOTHING_OBSERVED, peakUnitsPerSecond: 4900, throttledMinutes: 3, peakGb: 9 };
  const { limits } = decide({ use, bounds: { ...bounds, monthlyUsd: 120 } });
  expect(limits.maxUnitsPerSecond).toBeGreaterThanOrEqual(10_000);
  expect(limits.minUnitsPerSecond).toBe(0);
});

describe("units that are kept ready", () => {
  const rich: Partial<CacheSituation> = {
    bounds: { ...bounds, monthlyUsd: 3000 },
    inForce: { maxGb: 10, maxUnitsPerSecond: 200_000, minUnitsPerSecond: 0, minGb: 0 },
  };
  const rise = { ...NOTHING_OBSERVED, peakUnitsPerSecond: 25_000, throttledMinutes: 2 };

  test("none while nothing was turned away; twice the minute in which it was, and not by the limit", () => {
    expect(decide({ ...rich, use: { ...rise, throttledMinutes: 0 } }).limits.minUnitsPerSecond).toBe(0);
    expect(decide({ ...rich, use: rise }).limits.minUnitsPerSecond).toBe(50_000);
  });

  test("none below what an empty cache takes anyway", () => {
    const use = { ...rise, peakUnitsPerSecond: 14_000 };
    expect(decide({ ...rich, use }).limits.minUnitsPerSecond).toBe(0);
  });

  test("they stay while such minutes come, and go with them", () => {
    const inForce = { maxGb: 10, maxUnitsPerSecond: 200_000, minUnitsPerSecond: 50_000, minGb: 0 };
    const calm = { ...rise, throttledMinutes: 0 };
    expect(decide({ ...rich, inForce, use: calm }).changes).toBe(false);
    const gone = decide({ ...rich, inForce, use: { ...calm, peakUnitsPerSecond: 3000 } });
    expect(gone).toMatchObject({ changes: true, limits: { minUnitsPerSecond: 0 } });
  });

  test("the plan's minimum is one, and readiness takes a quarter of the money at most", () => {
    const planned = { ...bounds, monthlyUsd: 3000, minUnitsPerSecond: 7000 };
    expect(decide({ ...rich, bounds: planned }).limits.minUnitsPerSecond).toBe(7000);
    const { limits, allowedUsdPerHour } = decide({ ...rich, use: { ...rise, peakUnitsPerSecond: 150_000 } });
    expect(limits.minUnitsPerSecond).toBe(Math.floor(allowedUsdPerHour / 4 / 0.00000828));
  });

  test("storage that somebody reserved by hand is given back", () => {
    expect(decide({ inForce: { ...situation.inForce, minGb: 3 } })).toMatchObject({
      changes: true,
      reasons: expect.arrayContaining([expect.stringContaining("3 GB are billed")]),
    });
  });
});

test("a template starts with what a month of 31 days allows; a dearer unit allows fewer", () => {
  const few = { ...bounds, monthlyUsd: 92 };
  // 92 ÷ 744 − 0.084 = 0.03966 USD an hour, ÷ 0.00000828 = 4789 units a second.
  expect(firstCacheLimits(few, prices)).toEqual({ maxGb: 1, maxUnitsPerSecond: 4700, minUnitsPerSecond: 0 });
  const dearer = { ...prices, usdPerMillionUnits: prices.usdPerMillionUnits * 2 };
  expect(firstCacheLimits(few, dearer).maxUnitsPerSecond).toBe(2300);
});

const anyUse = fc.record({
  peakGb: fc.double({ min: 0, max: 20, noNaN: true }),
  growthGb: fc.double({ min: 0, max: 5, noNaN: true }),
  peakUnitsPerSecond: fc.double({ min: 0, max: 400_000, noNaN: true }),
  usualUnitsPerSecond: fc.double({ min: 0, max: 100_000, noNaN: true }),
  throttledMinutes: fc.nat(5),
  spentUsd: fc.double({ min: 0, max: 400, noNaN: true }),
  usdPerHour: fc.double({ min: 0, max: 2, noNaN: true }),
});
const anyBounds = fc.record({
  maxGb: fc.integer({ min: 1, max: 50 }),
  maxUnitsPerSecond: fc.integer({ min: 1000, max: 500_000 }),
  minUnitsPerSecond: fc.constantFrom(0, 0, 2000, 40_000),
  monthlyUsd: fc.double({ min: 68, max: 3000, noNaN: true }),
});
const anyInForce = fc.record({
  maxGb: fc.integer({ min: 1, max: 60 }),
  maxUnitsPerSecond: fc.integer({ min: 1000, max: 600_000 }),
  minUnitsPerSecond: fc.constantFrom(0, 1000, 60_000),
  minGb: fc.constant(0),
});
const anySituation = fc.record({
  use: anyUse,
  bounds: anyBounds,
  inForce: anyInForce,
  prices: fc.constant(prices),
  month: fc.record({
    startMillis: fc.constant(0),
    hoursLeft: fc.double({ min: 0.01, max: 744, noNaN: true }),
    nextHours: fc.constantFrom(672, 720, 744),
  }),
  everyHours: fc.constantFrom(1 / 60, 0.25, 1),
});

test("limits are whole, within the bounds and the service's own, and their worst hour is paid for", () => {
  fc.assert(
    fc.property(anySituation, (any) => {
      const { limits, allowedUsdPerHour, holdsBound } = decideCacheLimits(any);
      for (const value of Object.values(limits)) expect(Number.isInteger(value)).toBe(true);
      expect(limits.maxGb).toBeGreaterThanOrEqual(1);
      expect(limits.maxUnitsPerSecond).toBeGreaterThanOrEqual(1000);
      expect(limits.maxGb).toBeLessThanOrEqual(any.bounds.maxGb);
      expect(limits.maxUnitsPerSecond).toBeLessThanOrEqual(any.bounds.maxUnitsPerSecond);
      expect(limits.minUnitsPerSecond).toBeLessThanOrEqual(limits.maxUnitsPerSecond);
      if (holdsBound) expect(worstUsdPerHour(limits, prices)).toBeLessThanOrEqual(allowedUsdPerHour * (1 + 1e-6));
      else expect(limits).toMatchObject(LEAST_LIMITS);
    }),
    { numRuns: 2000 },
  );
});

test("a decision that is in force is not changed by the next one", () => {
  fc.assert(
    fc.property(anySituation, (any) => {
      const { limits } = decideCacheLimits(any);
      // What was turned away at the old limit says nothing about the new one.
      const calm = { ...any.use, throttledMinutes: 0 };
      const once = decideCacheLimits({ ...any, use: calm, inForce: { ...limits, minGb: 0 } });
      const twice = decideCacheLimits({ ...any, use: calm, inForce: { ...once.limits, minGb: 0 } });
      expect(twice.reasons).toEqual([]);
    }),
    { numRuns: 2000 },
  );
});

test("more money never lowers a limit, and more spent never raises one", () => {
  fc.assert(
    fc.property(anySituation, fc.double({ min: 0, max: 500, noNaN: true }), (any, more) => {
      // From the least, so that nothing in force speaks for itself.
      const from = { ...any, inForce: { ...LEAST_LIMITS, minUnitsPerSecond: 0, minGb: 0 } };
      const usual = decideCacheLimits(from).limits;
      const richer = decideCacheLimits({
        ...from,
        bounds: { ...any.bounds, monthlyUsd: any.bounds.monthlyUsd + more },
      });
      const poorer = decideCacheLimits({ ...from, use: { ...any.use, spentUsd: any.use.spentUsd + more } });
      const raised = 1 + 0.25;
      for (const limit of ["maxGb", "maxUnitsPerSecond"] as const) {
        // A raise of less than a quarter waits, so the least may stand where a quarter more is allowed.
        expect(richer.limits[limit] * raised).toBeGreaterThanOrEqual(usual[limit]);
        expect(poorer.limits[limit]).toBeLessThanOrEqual(usual[limit] * raised);
      }
    }),
    { numRuns: 2000 },
  );
});

/**
 * Months of a cache: its owner asks whatever they like, the service gives what the limits let through and bills by the hour; a
 * limit that goes down does so an hour late, one that goes up at once.
 */
test("no month costs more than its bound, whatever is asked; and limits change seldom", () => {
  const demand = fc.record({
    gb: fc.double({ min: 0, max: 80, noNaN: true }),
    units: fc.double({ min: 0, max: 9e5, noNaN: true }),
  });
  fc.assert(
    fc.property(anyBounds, fc.array(demand, { minLength: 1, maxLength: 60 }), (anyOf, demands) => {
      let inForce = { ...firstCacheLimits(anyOf, prices), minGb: 0 };
      let late: CacheLimits = inForce;
      let changes = 0;
      const window: { storedGb: number; unitsPerSecond: number; throttled: boolean }[] = [];
      for (const hours of [720, 744]) {
        let spentUsd = 0;
        for (let hour = 0; hour < hours; hour++) {
          const { gb, units } = demands[hour % demands.length] as { gb: number; units: number };
          const most = {
            maxGb: Math.max(late.maxGb, inForce.maxGb),
            maxUnitsPerSecond: Math.max(late.maxUnitsPerSecond, inForce.maxUnitsPerSecond),
          };
          const used = { storedGb: Math.min(gb, most.maxGb), unitsPerSecond: Math.min(units, most.maxUnitsPerSecond) };
          const { minUnitsPerSecond } = inForce;
          spentUsd += usedUsd(
            { storedGb: used.storedGb, units: used.unitsPerSecond * 3600, minUnitsPerSecond },
            prices,
          );
          // Peaks are those of two days.
          window.push({ ...used, throttled: units > most.maxUnitsPerSecond });
          if (window.length > 48) window.shift();
          const unitPeak = Math.max(...window.map(({ unitsPerSecond }) => unitsPerSecond));
          const decision = decideCacheLimits({
            bounds: anyOf,
            inForce,
            prices,
            everyHours: 1,
            month: { startMillis: 0, hoursLeft: hours - hour - 1 || 744, nextHours: 744 },
            use: {
              peakGb: Math.max(...window.map(({ storedGb }) => storedGb)),
              growthGb: 0,
              peakUnitsPerSecond: unitPeak,
              usualUnitsPerSecond: unitPeak / 2,
              throttledMinutes: window.filter(({ throttled }) => throttled).length,
              spentUsd: hour === hours - 1 ? 0 : spentUsd,
              usdPerHour: 0,
            },
          });
          late = inForce;
          if (decision.changes) changes++;
          inForce = { ...decision.limits, minGb: 0 };
        }
        expect(spentUsd).toBeLessThanOrEqual(anyOf.monthlyUsd * (1 + 1e-6));
      }
      // Two months of hourly decisions, and demand that jumps as it likes.
      expect(changes).toBeLessThan(0.1 * 1464);
    }),
    { numRuns: 100 },
  );
});
