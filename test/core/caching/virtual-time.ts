/** A clock whose time passes when nothing else can happen: what is due first happens first, in the order in which it was asked for. */
import type { Clock } from "../../../core/serving/clock.ts";

export interface VirtualTime {
  readonly clock: Clock;
  /** Lets everything happen that is due within `millis`. */
  pass(millis: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export function virtualTime(start = 1_800_000_000_000): VirtualTime {
  let now = start;
  let order = 0;
  let timers: Timer[] = [];
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock: {
      epochMillis: () => now,
      monotonicMillis: () => now - start,
      after(millis, callback) {
        const timer = { at: now + Math.max(0, millis), order: order++, callback };
        const index = timers.findIndex(({ at }) => at > timer.at);
        timers.splice(index === -1 ? timers.length : index, 0, timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    async pass(millis) {
      const until = now + millis;
      await settled();
      for (let next = timers[0]; next !== undefined && next.at <= until; next = timers[0]) {
        now = next.at;
        while (timers[0] !== undefined && timers[0].at <= now) timers.shift()?.callback();
        await settled();
      }
      now = until;
    },
  };
}
