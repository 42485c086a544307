import type { Clock } from "../serving/clock.ts";
import type { FrameLog } from "./frame-log.ts";

interface Log {
  frames: Uint8Array[];
  ended: boolean;
  untilMillis: number;
}

/** Frames within one process. */
export function createMemoryFrameLog(clock: Clock): FrameLog & { clear(): void } {
  const logs = new Map<string, Log>();
  /** Of logs that are being written: how many frames their writers believe to be in them. */
  const written = new Map<string, number>();
  let waiting: (() => void)[] = [];

  function live(name: string): Log | undefined {
    const log = logs.get(name);
    if (log !== undefined && log.untilMillis > clock.epochMillis()) return log;
    logs.delete(name);
    return undefined;
  }

  function change(name: string, ttlMillis: number, frames: readonly Uint8Array[], ended: boolean): void {
    const position = written.get(name) ?? 0;
    written.set(name, position + frames.length);
    const log = live(name) ?? { frames: [], ended: false, untilMillis: 0 };
    // Its beginning was lost: what follows would be read as the beginning.
    if (log.frames.length < position) return;
    log.frames.push(...frames);
    log.ended = ended;
    log.untilMillis = clock.epochMillis() + ttlMillis;
    logs.set(name, log);
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  const changed = (millis: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(millis, resolve);
      waiting.push(() => {
        cancel();
        resolve();
      });
    });

  return {
    append: async (name, frames, ttlMillis) => change(name, ttlMillis, frames, false),
    async end(name, ttlMillis) {
      change(name, ttlMillis, [], true);
      written.delete(name);
    },
    async read(name, from, waitMillis) {
      const until = clock.monotonicMillis() + waitMillis;
      for (;;) {
        const log = live(name);
        if (log === undefined || log.frames.length < from) return { type: "absent" };
        const left = until - clock.monotonicMillis();
        if (log.frames.length > from || log.ended || left <= 0) {
          return { type: "frames", frames: log.frames.slice(from), ended: log.ended };
        }
        await changed(left);
      }
    },
    async remove(name) {
      written.delete(name);
      logs.delete(name);
    },
    clear: () => logs.clear(),
  };
}
