/** Answers in the memory of one process, bounded by bytes: what was asked for longest ago leaves first. */
import type { StoredAnswer } from "./stored-answer.ts";

export interface AnswerMemory {
  /** What was kept under the name and is younger than its time to live. */
  get(name: string, nowMillis: number): StoredAnswer | undefined;
  put(name: string, answer: StoredAnswer, ttlMillis: number): void;
  readonly bytes: number;
}

interface Entry {
  readonly answer: StoredAnswer;
  readonly ttlMillis: number;
  readonly bytes: number;
}

/** What an entry takes beside its frames: its name, a node of the map, and one object for each frame. */
const ENTRY_BYTES = 400;
const FRAME_BYTES = 100;

export function createAnswerMemory(maxBytes: number): AnswerMemory {
  const entries = new Map<string, Entry>();
  let total = 0;

  function remove(name: string): void {
    total -= entries.get(name)?.bytes ?? 0;
    entries.delete(name);
  }

  return {
    get bytes() {
      return total;
    },
    get(name, nowMillis) {
      const entry = entries.get(name);
      if (entry === undefined) return undefined;
      if (!isYoung(entry.answer.madeAtMillis, nowMillis, entry.ttlMillis)) {
        remove(name);
        return undefined;
      }
      entries.delete(name);
      entries.set(name, entry);
      return entry.answer;
    },
    put(name, answer, ttlMillis) {
      remove(name);
      const bytes = answer.frames.reduce((sum, { length }) => sum + length + FRAME_BYTES, ENTRY_BYTES);
      if (bytes > maxBytes) return;
      entries.set(name, { answer, ttlMillis, bytes });
      total += bytes;
      while (total > maxBytes) remove(entries.keys().next().value as string);
    },
  };
}

/** Clocks of different machines may differ by this much; an answer from further in the future is damaged. */
const CLOCK_SKEW_MILLIS = 60_000;

export const isYoung = (madeAtMillis: number, nowMillis: number, maxAgeMillis: number): boolean =>
  nowMillis - madeAtMillis < maxAgeMillis && nowMillis - madeAtMillis > -CLOCK_SKEW_MILLIS;
