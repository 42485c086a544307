import fc from "fast-check";
import { breakEvenUse, provisionedConcurrency, trackedUse } from "../../../core/planner/provisioned-concurrency.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";

/** With another price for keeping environments of x86_64 ready. */
const kept = (usdPerGbSecond: number) => ({
  ...usEast1,
  lambda: { ...usEast1.lambda, provisionedGbSecond: { ...usEast1.lambda.provisionedGbSecond, x86_64: usdPerGbSecond } },
});
const busy = (mean: number) => ({ requestsPerSecond: mean * 10, millisPerRequest: 100 });

test("at list prices an environment pays from 60 % use on, on both architectures", () => {
  expect(breakEvenUse(usEast1, "x86_64")).toBeCloseTo(0.6, 3);
  expect(breakEvenUse(usEast1, "arm64")).toBeCloseTo(0.6, 3);
});

test("the price decides: dearer to keep, fewer are kept; too dear, or never a saving, none", () => {
  const traffic = busy(20);
  const now = provisionedConcurrency(traffic, usEast1, "x86_64");
  expect(now).toBeGreaterThan(0);
  expect(provisionedConcurrency(traffic, kept(6e-6), "x86_64")).toBeLessThan(now);
  expect(provisionedConcurrency(traffic, kept(2e-6), "x86_64")).toBeGreaterThan(now);
  expect(provisionedConcurrency(traffic, kept(7e-6), "x86_64")).toBe(0);
  const noSaving = structuredClone(usEast1);
  noSaving.lambda.provisionedDurationGbSecond.x86_64 = 1;
  expect(breakEvenUse(noSaving, "x86_64")).toBe(Number.POSITIVE_INFINITY);
  expect(provisionedConcurrency(traffic, noSaving, "x86_64")).toBe(0);
});

test("rare requests provision nothing, however many there are in a day", () => {
  expect(provisionedConcurrency({ requestsPerSecond: 0, millisPerRequest: 100 }, usEast1, "arm64")).toBe(0);
  // 86,400 a day, each 50 ms: one environment is busy 5 % of the time.
  expect(provisionedConcurrency({ requestsPerSecond: 1, millisPerRequest: 50 }, usEast1, "arm64")).toBe(0);
});

test("steady traffic of a thousand environments at once provisions a little less than that, and ends", () => {
  const many = provisionedConcurrency(busy(1000), usEast1, "arm64");
  expect(many).toBeGreaterThan(950);
  expect(many).toBeLessThan(1000);
});

/** The bill of `n` provisioned environments for one second of Poisson arrivals, by counting states. */
function usdPerSecond(n: number, mean: number): number {
  const { gbSecond, provisionedGbSecond, provisionedDurationGbSecond } = usEast1.lambda;
  let usd = n * provisionedGbSecond.x86_64;
  let probability = Math.exp(-mean);
  for (let running = 0; running < 400; running++) {
    if (running > 0) probability *= mean / running;
    usd += probability * Math.min(running, n) * provisionedDurationGbSecond.x86_64;
    usd += probability * Math.max(0, running - n) * (gbSecond.x86_64[0]?.[1] ?? 0);
  }
  return usd;
}

test("no other number of environments has a smaller bill", () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 60, noNaN: true }), (mean) => {
      const chosen = provisionedConcurrency(busy(mean), usEast1, "x86_64");
      const bill = usdPerSecond(chosen, mean);
      for (const other of [0, chosen - 2, chosen - 1, chosen + 1, chosen + 2].filter((n) => n >= 0)) {
        expect(bill).toBeLessThanOrEqual(usdPerSecond(other, mean) * (1 + 1e-9));
      }
    }),
  );
});

test("tracking steers to a use that pays, within what Lambda takes", () => {
  expect(trackedUse(usEast1, "x86_64")).toBe(0.7);
  expect(trackedUse(kept(5.9e-6), "x86_64")).toBeCloseTo(0.85, 2);
  expect(trackedUse(kept(1), "x86_64")).toBe(0.9);
});
