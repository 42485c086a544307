import fc from "fast-check";
import { idleTimeOutSeconds, wakeUpUsd } from "../../../core/planner/idle-time-out.ts";
import { usEast1 } from "../../../core/pricing/price-book.ts";

const router = { routerMemoryMb: 512, routerArchitecture: "arm64" as const };
const gpu = (usdPerHour: number) => ({ usdPerHour, ...router });
const wake = { seconds: 420, heldCallers: 20 };

test("a wake-up costs the instance until it answers, and the functions that wait: 0.22 USD on a ml.g5.xlarge", () => {
  // 420 s × 1.41 USD/h = 0.1645; 20 × 0.5 GB × 420 s × 13.3334e-6 USD = 0.0560
  expect(wakeUpUsd(wake, gpu(1.41), usEast1)).toBeCloseTo(0.2205, 4);
  expect(idleTimeOutSeconds(wake, gpu(1.41), usEast1)).toBe(563);
});

test("a price in the book changes it: dearer GPUs sleep earlier, dearer waiting later", () => {
  expect(idleTimeOutSeconds(wake, gpu(14.1), usEast1)).toBeLessThan(563);
  const dearerWaiting = structuredClone(usEast1);
  const tier = dearerWaiting.lambda.gbSecond.arm64[0];
  const lambda = {
    ...dearerWaiting.lambda,
    gbSecond: { ...dearerWaiting.lambda.gbSecond, arm64: [[null, (tier?.[1] ?? 0) * 2] as const] },
  };
  expect(idleTimeOutSeconds(wake, gpu(1.41), { ...dearerWaiting, lambda })).toBe(706);
});

test("where idling costs nothing nobody ever goes; never below a minute", () => {
  expect(idleTimeOutSeconds(wake, gpu(0), usEast1)).toBe(Number.POSITIVE_INFINITY);
  expect(idleTimeOutSeconds({ seconds: 5, heldCallers: 0 }, gpu(1), usEast1)).toBe(60);
});

test("at most twice the bill of one who knows when the next request comes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { minLength: 1, maxLength: 50 }),
      fc.double({ min: 0.5, max: 60, noNaN: true }),
      fc.integer({ min: 60, max: 900 }),
      fc.integer({ min: 0, max: 100 }),
      (gaps, usdPerHour, seconds, heldCallers) => {
        const wakeUp = { seconds, heldCallers };
        const usdToWake = wakeUpUsd(wakeUp, gpu(usdPerHour), usEast1);
        const timeOut = idleTimeOutSeconds(wakeUp, gpu(usdPerHour), usEast1);
        const idle = (gap: number) => (gap * usdPerHour) / 3600;
        const ours = gaps.reduce((sum, gap) => sum + (gap <= timeOut ? idle(gap) : idle(timeOut) + usdToWake), 0);
        const best = gaps.reduce((sum, gap) => sum + Math.min(idle(gap), usdToWake), 0);
        // Rounding to whole seconds.
        expect(ours).toBeLessThanOrEqual(2 * best + gaps.length * idle(1));
      },
    ),
  );
});
