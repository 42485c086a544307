/** A store as bad as stores get: slow, refusing, flushed, answering garbage or somebody else's bytes; and its process may die. */
import type { AnswerStore } from "../../../core/caching/answer-store.ts";
import type { createMemoryStore } from "../../../core/caching/memory-store.ts";
import type { Clock } from "../../../core/serving/clock.ts";

export interface Faults {
  /** 0 to 1: what happens to the next call. */
  random(): number;
  /** Share of calls that something happens to. */
  readonly share: number;
  /** False: the process is dead, and its calls never end. */
  isAlive(): boolean;
}

export function faultyStore(store: ReturnType<typeof createMemoryStore>, clock: Clock, faults: Faults): AnswerStore {
  const slept = (millis: number): Promise<void> => new Promise((resolve) => void clock.after(millis, resolve));
  const forever = new Promise<never>(() => {});
  const seen: Uint8Array[] = [];

  async function around<T>(call: () => Promise<T>): Promise<T> {
    if (!faults.isAlive()) return forever;
    const chance = faults.random();
    if (chance < faults.share) {
      const kind = Math.floor((chance / faults.share) * 5);
      if (kind === 0) throw new Error("refused");
      if (kind === 1) await slept(5 + 400 * faults.random());
      if (kind === 2) store.clear();
      if (kind === 3) {
        await call();
        throw new Error("done, but nobody hears of it");
      }
      if (kind === 4) return forever;
    }
    const result = await call();
    return faults.isAlive() ? result : forever;
  }

  function damaged(bytes: Uint8Array | undefined): Uint8Array | undefined {
    if (bytes === undefined) return undefined;
    seen.push(bytes);
    if (faults.random() >= faults.share) return bytes;
    const kind = Math.floor(faults.random() * 4);
    if (kind === 0) return bytes.subarray(0, Math.floor(faults.random() * bytes.length));
    if (kind === 1) return seen[Math.floor(faults.random() * seen.length)];
    const changed = Uint8Array.from(bytes);
    for (let i = 0; i <= kind; i++)
      changed[Math.floor(faults.random() * changed.length)] = Math.floor(faults.random() * 256);
    return changed;
  }

  return {
    isOpen: () => true,
    get: (name) => around(async () => damaged(await store.get(name))),
    put: (...rest) => around(() => store.put(...rest)),
    claim: (...rest) => around(() => store.claim(...rest)),
    holder: (name) => around(() => store.holder(name)),
    extend: (...rest) => around(() => store.extend(...rest)),
    release: (...rest) => around(() => store.release(...rest)),
    frames: {
      append: (...rest) => around(() => store.frames.append(...rest)),
      end: (...rest) => around(() => store.frames.end(...rest)),
      read: (...rest) => around(() => store.frames.read(...rest)),
      remove: (name) => around(() => store.frames.remove(name)),
    },
  };
}
