import * as fc from "fast-check";
import { Distribution } from "../../../local/cloudwatch/distribution.ts";
import { MAX_POINTS_PER_SERIES, MAX_SERIES, MetricStore } from "../../../local/cloudwatch/metric-store.ts";

const distributionOf = (values: readonly number[]) => {
  const distribution = new Distribution();
  for (const value of values) distribution.add(value);
  return distribution;
};

test("a distribution keeps what its values say, however they were merged", () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 60 }), fc.nat(60), fc.nat(100), (values, cut, percent) => {
      const whole = distributionOf(values.slice(0, cut));
      whole.merge(distributionOf(values.slice(cut)));
      const sorted = [...values].sort((a, b) => a - b);
      expect(whole.count).toBe(values.length);
      expect(whole.min).toBe(sorted[0]);
      expect(whole.max).toBe(sorted.at(-1));
      const exact = sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
      expect(Math.abs(whole.percentile(percent) - exact)).toBeLessThanOrEqual(Math.abs(exact) * 0.011);
    }),
  );
});

test("memory is bounded: old points and forgotten series go", () => {
  const store = new MetricStore();
  const record = (name: string, seconds: number) =>
    store.record({
      namespace: "n",
      name,
      dimensions: {},
      timestampMillis: seconds * 1000,
      unit: "None",
      resolution: 60,
      values: distributionOf([1]),
    });
  for (let minute = 0; minute <= MAX_POINTS_PER_SERIES; minute++) record("long", minute * 60);
  const window = { fromSeconds: 0, toSeconds: Number.POSITIVE_INFINITY, periodSeconds: 60 };
  const kept = store.read({ namespace: "n", name: "long", dimensions: {} }, window).get("None");
  expect(kept?.size).toBe(MAX_POINTS_PER_SERIES);
  expect(kept?.has(0)).toBe(false);
  for (let index = 0; index < MAX_SERIES; index++) record(`short-${index}`, 0);
  const names = store.list().map(({ name }) => name);
  expect(names).toHaveLength(MAX_SERIES);
  expect(names).not.toContain("long");
});
