import type { Clock } from "../core/serving/clock.ts";

export const systemClock: Clock = {
  epochMillis: Date.now,
  monotonicMillis: () => performance.now(),
  after(millis, callback) {
    const timer = setTimeout(callback, millis);
    return () => clearTimeout(timer);
  },
};
