/** Equal rounds of many streams, and what the processes between hold after each of them. */
import { memoryOf } from "../peers/process-tree.ts";
import { type Trend, trendOf } from "../trend.ts";
import type { Place } from "./client.ts";
import { type ManyStreams, manyStreams } from "./many-streams.ts";

export interface StreamRounds {
  readonly streams: number;
  readonly rounds: number;
  /** Before those: heaps find their size, hot code is compiled. */
  readonly warmups: number;
}

export interface StreamMemory extends ManyStreams {
  /** What lives in all heaps after each round, garbage collected. Bytes. */
  readonly live: readonly number[];
  /** Proportional memory of all processes at the same moments: heaps keep what they have had, and code grows. Bytes. */
  readonly resident: readonly number[];
  /** Bytes that live on after a thousand streams. */
  readonly leftBehind: Trend;
}

const WAVES = 2;

/** `pid`: of the root of the processes that are measured. `collect`: their garbage; answers the bytes that live. */
export async function streamMemory(
  place: Place,
  { streams, rounds, warmups }: StreamRounds,
  { pid, collect }: { readonly pid: number; collect(): Promise<number> },
): Promise<StreamMemory> {
  const first: number[] = [];
  const live: number[] = [];
  const resident: number[] = [];
  let [failures, tokensPerSecond] = [0, 0];
  let why: string | undefined;
  for (let round = -warmups; round < rounds; round++) {
    const found = await manyStreams(place, streams, WAVES);
    failures += found.failures;
    why ??= found.why;
    const left = await collect();
    if (round < 0) continue;
    first.push(...found.first);
    tokensPerSecond += found.tokensPerSecond / rounds;
    live.push(left);
    resident.push(memoryOf(pid).proportionalBytes);
  }
  const { slope, low, high } = trendOf(live);
  const share = 1_000 / (streams * WAVES);
  const leftBehind = { slope: slope * share, low: low * share, high: high * share };
  return { failures, first, tokensPerSecond, why, live, resident, leftBehind };
}
