/** The arithmetic of scaling, without time or processes. */
import fc from "fast-check";
import { baseCapacity } from "../../../local/application-autoscaling/cooldown.ts";
import { isDue, parseSchedule } from "../../../local/application-autoscaling/schedule.ts";
import { steppedCapacity } from "../../../local/application-autoscaling/step-scaling.ts";
import { trackedCapacity, trackingWindows } from "../../../local/application-autoscaling/target-tracking.ts";

describe("target tracking", () => {
  const windows = trackingWindows(true);
  const periods = (value: number | undefined, count: number = windows.lowPeriods) =>
    new Array<number | undefined>(count).fill(value);

  test("in proportion to the metric, out after three periods and in after fifteen minutes", () => {
    expect(trackedCapacity(2, 5, [...periods(1, 87), 20, 20, 20], windows)).toBe(8);
    expect(trackedCapacity(2, 5, [...periods(1, 88), 20, 20], windows)).toBeUndefined();
    expect(trackedCapacity(4, 5, periods(1), windows)).toBe(1);
    expect(trackedCapacity(4, 5, [6, ...periods(1, 89)], windows)).toBeUndefined();
    expect(trackedCapacity(1, 5, periods(0), windows)).toBe(0);
  });

  test("between nine tenths and the target nothing happens; without data or copies neither", () => {
    expect(trackedCapacity(3, 5, periods(4.6), windows)).toBeUndefined();
    expect(trackedCapacity(3, 5, periods(5), windows)).toBeUndefined();
    expect(trackedCapacity(3, 5, periods(undefined), windows)).toBeUndefined();
    expect(trackedCapacity(0, 5, periods(100), windows)).toBeUndefined();
    expect(trackedCapacity(2, 5, [...periods(1, 50), undefined, ...periods(1, 39)], windows)).toBeUndefined();
  });

  test("what it asks for would bring the metric to the target, and never the wrong way", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0.5, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 500, noNaN: true }),
        (capacity, target, value) => {
          const wanted = trackedCapacity(capacity, target, periods(value), windows);
          if (value > target) expect(wanted).toBeGreaterThan(capacity);
          if (wanted === undefined || wanted === capacity) return;
          const load = capacity * value;
          expect(load).toBeLessThanOrEqual(target * wanted * (1 + 1e-9) + 1e-9);
          expect(wanted < capacity).toBe(value < target);
        },
      ),
    );
  });
});

describe("step scaling", () => {
  const steps = (
    AdjustmentType: "ChangeInCapacity" | "ExactCapacity" | "PercentChangeInCapacity",
    ...adjustments: [number | undefined, number | undefined, number][]
  ) => ({
    AdjustmentType,
    StepAdjustments: adjustments.map(([lower, upper, ScalingAdjustment]) => ({
      ...(lower !== undefined && { MetricIntervalLowerBound: lower }),
      ...(upper !== undefined && { MetricIntervalUpperBound: upper }),
      ScalingAdjustment,
    })),
  });

  test.each([
    ["from zero", 0, 0, steps("ChangeInCapacity", [0, undefined, 1]), 1],
    ["exactly", 7, 3, steps("ExactCapacity", [0, undefined, 2]), 2],
    ["the second step", 4, 12, steps("ChangeInCapacity", [0, 10, 1], [10, undefined, 3]), 7],
    ["at a bound, the step that begins there", 4, 10, steps("ChangeInCapacity", [0, 10, 1], [10, undefined, 3]), 7],
    ["below the threshold", 4, -5, steps("ChangeInCapacity", [undefined, 0, -2]), 2],
    ["at the threshold, a step that ends there", 4, 0, steps("ExactCapacity", [undefined, 0, 0]), 0],
    ["a share, rounded away from nothing", 2, 1, steps("PercentChangeInCapacity", [0, undefined, 10]), 3],
    ["no step covers it", 2, -1, steps("ChangeInCapacity", [0, undefined, 1]), undefined],
  ])("%s", (_name, capacity, breach, policy, expected) => {
    expect(steppedCapacity(capacity, breach, policy)).toBe(expected);
  });

  test("a share is at least the least adjustment", () => {
    const policy = { ...steps("PercentChangeInCapacity", [0, undefined, 10]), MinAdjustmentMagnitude: 4 };
    expect(steppedCapacity(10, 1, policy)).toBe(14);
  });
});

describe("cooldown", () => {
  const seconds = { out: 60, in: 300 };
  test("after scaling out, only further out, counted from where it began; in must wait", () => {
    const last = { atMillis: 0, from: 2, direction: "out" as const };
    expect(baseCapacity(5, "out", last, seconds, 30_000)).toBe(2);
    expect(baseCapacity(5, "in", last, seconds, 30_000)).toBeUndefined();
    expect(baseCapacity(5, "in", last, seconds, 60_000)).toBe(5);
  });
  test("after scaling in, no further in, but out at once", () => {
    const last = { atMillis: 0, from: 5, direction: "in" as const };
    expect(baseCapacity(2, "in", last, seconds, 299_000)).toBeUndefined();
    expect(baseCapacity(2, "out", last, seconds, 1_000)).toBe(2);
    expect(baseCapacity(2, "in", last, seconds, 300_000)).toBe(2);
  });
});

describe("schedules", () => {
  const at = (text: string) => Date.parse(`${text}:00Z`);
  const due = (schedule: string, minute: string, timeZone = "UTC", since = "2026-11-24T00:00") =>
    isDue(parseSchedule(schedule), at(minute), timeZone, at(since));

  test.each([
    ["cron(30 7 * * ? *)", "2026-11-24T07:30", "UTC", true],
    ["cron(30 7 * * ? *)", "2026-11-24T07:31", "UTC", false],
    ["cron(30 7 * * ? *)", "2026-11-24T06:30", "Europe/Berlin", true],
    // Daylight saving: the same local time, another hour of UTC.
    ["cron(30 7 * * ? *)", "2026-07-24T05:30", "Europe/Berlin", true],
    ["cron(0 8 ? * MON-FRI *)", "2026-11-24T08:00", "UTC", true],
    ["cron(0 8 ? * MON-FRI *)", "2026-11-22T08:00", "UTC", false],
    ["cron(0/15 * * * ? *)", "2026-11-24T03:45", "UTC", true],
    ["cron(0/15 * * * ? *)", "2026-11-24T03:46", "UTC", false],
    ["cron(0 0 1 1,7 ? 2027)", "2027-07-01T00:00", "UTC", true],
    ["at(2026-11-24T12:00:00)", "2026-11-24T12:00", "UTC", true],
    ["at(2026-11-24T12:00:00)", "2026-11-24T17:00", "America/New_York", true],
    ["rate(2 hours)", "2026-11-24T04:00", "UTC", true],
    ["rate(2 hours)", "2026-11-24T03:00", "UTC", false],
  ])("%s at %s in %s: %s", (schedule, minute, timeZone, expected) => {
    expect(due(schedule, minute, timeZone)).toBe(expected);
  });

  test.each([
    "cron(61 * * * ? *)",
    "cron(* * * *)",
    "cron(0 0 L * ? *)",
    "rate(0 minutes)",
    "at(tomorrow)",
    "every day",
  ])("%s is refused in words", (schedule) =>
    expect(() => parseSchedule(schedule)).toThrow(/is no schedule; allowed is/),
  );
});
