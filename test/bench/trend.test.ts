import { trendOf } from "../../bench/trend.ts";

test("a straight rise is told exactly, and one late collection moves nothing", () => {
  const rise = [10, 12, 14, 16, 18, 20, 22, 24];
  expect(trendOf(rise)).toEqual({ slope: 2, low: 2, high: 2 });
  expect(trendOf([...rise.slice(0, 7), 3]).slope).toBe(2);
});

test("what goes up and down without going anywhere has zero within its interval", () => {
  const { slope, low, high } = trendOf([5, 7, 4, 6, 5, 7, 4, 6, 5, 7]);
  expect(Math.abs(slope)).toBeLessThan(0.5);
  expect(low).toBeLessThan(0);
  expect(high).toBeGreaterThan(0);
  expect(() => trendOf([1, 2, 3, 4, 5])).toThrow("a trend needs 6 values, not 5");
});
