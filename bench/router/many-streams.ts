/** So many streams at once, each at its engine's pace, and what the processes between hold meanwhile. */
import { setTimeout as sleep } from "node:timers/promises";
import { quantile } from "../measurement.ts";
import { memoryOf } from "../peers/process-tree.ts";
import { createClient, type Place } from "./client.ts";

export interface ManyStreams {
  readonly streams: number;
  readonly failures: number;
  /** Milliseconds from request to first token, the engine's own pause included. */
  readonly firstP50: number;
  readonly firstP99: number;
  readonly tokensPerSecond: number;
  /** Proportional memory of the process tree, bytes: half-way, when heaps have found their size, and at the end. */
  readonly memoryHalfway: number;
  readonly memoryLast: number;
  readonly why: string | undefined;
}

const PAUSE_MILLIS = 250;
const TOKENS = 20;

/** `waves`: every client asks so many times, one after the other; they start spread over one answer's time. */
export async function manyStreams(place: Place, streams: number, waves: number, pid: number): Promise<ManyStreams> {
  const first: number[] = [];
  const memory: number[] = [];
  let failures = 0;
  let why: string | undefined;
  let isOver = false;
  const watching = (async () => {
    for (; !isOver; await sleep(500)) memory.push(memoryOf(pid).proportionalBytes);
  })();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: streams }, async (_, index) => {
      await sleep((index / streams) * PAUSE_MILLIS * TOKENS);
      const client = createClient(place);
      for (let wave = 0; wave < waves; wave++) {
        try {
          const timing = await client.ask({ tokens: TOKENS, stream: true, pause: PAUSE_MILLIS });
          if (wave > 0) first.push(timing.first);
        } catch (error) {
          failures++;
          why ??= (error as Error).message;
        }
      }
      client.close();
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  isOver = true;
  await watching;
  return {
    streams,
    failures,
    firstP50: first.length > 0 ? quantile(first, 0.5) : Number.NaN,
    firstP99: first.length > 0 ? quantile(first, 0.99) : Number.NaN,
    tokensPerSecond: (streams * waves * TOKENS) / seconds,
    memoryHalfway: memory[Math.floor(memory.length / 2)] ?? Number.NaN,
    memoryLast: memory.at(-1) ?? Number.NaN,
    why,
  };
}
