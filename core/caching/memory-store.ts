/** A store within one process: the reference for those that reach out, and what tests share between simulated processes. */
import type { Clock } from "../serving/clock.ts";
import type { AnswerStore } from "./answer-store.ts";
import { createMemoryFrameLog } from "./memory-frame-log.ts";

interface Held<T> {
  readonly value: T;
  readonly untilMillis: number;
}

export function createMemoryStore(clock: Clock): AnswerStore & { clear(): void } {
  const answers = new Map<string, Held<Uint8Array>>();
  const claims = new Map<string, Held<string>>();
  const frames = createMemoryFrameLog(clock);

  function live<T>(held: Map<string, Held<T>>, name: string): T | undefined {
    const entry = held.get(name);
    if (entry !== undefined && entry.untilMillis > clock.epochMillis()) return entry.value;
    held.delete(name);
    return undefined;
  }

  const held = <T>(value: T, ttlMillis: number): Held<T> => ({ value, untilMillis: clock.epochMillis() + ttlMillis });

  return {
    frames,
    isOpen: () => true,
    get: async (name) => live(answers, name),
    async put(name, bytes, ttlMillis) {
      answers.set(name, held(bytes, ttlMillis));
    },
    async claim(name, token, ttlMillis) {
      const holder = live(claims, name);
      if (holder !== undefined) return holder;
      claims.set(name, held(token, ttlMillis));
      return token;
    },
    holder: async (name) => live(claims, name),
    async extend(name, token, ttlMillis) {
      if (live(claims, name) !== token) return false;
      claims.set(name, held(token, ttlMillis));
      return true;
    },
    async release(name, token) {
      if (live(claims, name) === token) claims.delete(name);
    },
    clear() {
      answers.clear();
      claims.clear();
      frames.clear();
    },
  };
}
