import fc from "fast-check";
import { type CachePrices, cachePricesOf, MILLIS_PER_HOUR, usedUsd } from "../../../core/planner/cache-cost.ts";
import { type MeasuredHour, observeUse } from "../../../core/planner/cache-use.ts";
import { calendarMonth } from "../../../core/planner/calendar-month.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";

const prices: CachePrices = cachePricesOf(usEast1);
const START = Date.UTC(2026, 10, 1);
const at = (hour: number) => START + hour * MILLIS_PER_HOUR;
const now = (hour: number, minUnitsPerSecond = 0) => ({
  millis: at(hour),
  monthStartMillis: START,
  minUnitsPerSecond,
});
const none = { hours: [], minutes: [] };

test("hours that nobody measured are billed at the least: a month of them is 6.13 USD", () => {
  // 0.1 GB × 0.084 USD × 730 h, as https://aws.amazon.com/elasticache/pricing/ says of an empty cache.
  expect(observeUse(none, now(730), prices).spentUsd).toBeCloseTo(6.132, 3);
});

test("storage by the average of its hour, units by their number, and a minimum that was not used up", () => {
  const hour = { startMillis: at(0), averageGb: 2, peakGb: 3, units: 4_000_000 };
  expect(observeUse({ hours: [hour], minutes: [] }, now(1), prices).spentUsd).toBeCloseTo(2 * 0.084 + 4 * 0.0023, 9);
  const kept = { ...hour, minUnitsPerSecond: 2000 };
  expect(observeUse({ hours: [kept], minutes: [] }, now(1), prices).spentUsd).toBeCloseTo(2 * 0.084 + 7.2 * 0.0023, 9);
  // Nobody noted it: what is in force now.
  expect(observeUse({ hours: [hour], minutes: [] }, now(1, 2000), prices).spentUsd).toBeCloseTo(0.18456, 6);
});

test("the hour that runs is billed as far as it has come", () => {
  const hour = { startMillis: at(0), averageGb: 2, units: 1_000_000 };
  expect(observeUse({ hours: [hour], minutes: [] }, now(0.5), prices).spentUsd).toBeCloseTo(0.084 + 0.0023, 9);
});

test("the month before is not billed again, and still says what was needed", () => {
  const hours = [{ startMillis: at(-3), averageGb: 5, peakGb: 6, units: 9e6 }];
  const { spentUsd, peakGb } = observeUse({ hours, minutes: [] }, now(0), prices);
  expect(spentUsd).toBe(0);
  expect(peakGb).toBe(6);
});

test("growth is the last day's peak over the day's before", () => {
  const hours = [at(-30), at(-2)].map((startMillis, index) => ({ startMillis, peakGb: 2 + index }));
  expect(observeUse({ hours, minutes: [] }, now(0), prices).growthGb).toBe(1);
  expect(observeUse({ hours: hours.slice(1), minutes: [] }, now(0), prices).growthGb).toBe(0);
});

test("the busiest minute, the usual one, and those in which commands were turned away", () => {
  const minutes = Array.from({ length: 200 }, (_, index) => ({ units: 60 * index, throttled: index > 197 ? 5 : 0 }));
  expect(observeUse({ hours: [], minutes }, now(1), prices)).toMatchObject({
    peakUnitsPerSecond: 199,
    usualUnitsPerSecond: 197,
    throttledMinutes: 2,
  });
});

test("what was spent is the sum of its hours, whatever is missing", () => {
  const anyHour = fc.record(
    { averageGb: fc.double({ min: 0, max: 50, noNaN: true }), units: fc.double({ min: 0, max: 1e9, noNaN: true }) },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(fc.option(anyHour, { nil: undefined }), { maxLength: 100 }), (all) => {
      const hours = all.flatMap((hour, index): MeasuredHour[] => (hour ? [{ startMillis: at(index), ...hour }] : []));
      const expected = all.reduce(
        (sum, { averageGb = 0, units = 0 } = {}) =>
          sum + usedUsd({ storedGb: averageGb, units, minUnitsPerSecond: 0 }, prices),
        0,
      );
      expect(observeUse({ hours, minutes: [] }, now(all.length), prices).spentUsd).toBeCloseTo(expected, 6);
    }),
  );
});

test("months are those of the calendar, in UTC", () => {
  expect(calendarMonth(Date.UTC(2027, 0, 31, 18))).toEqual({
    startMillis: Date.UTC(2027, 0, 1),
    hoursLeft: 6,
    nextHours: 28 * 24,
  });
  expect(calendarMonth(Date.UTC(2026, 11, 1)).nextHours).toBe(31 * 24);
});
