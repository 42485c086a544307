/** So many streams at once, each at its engine's pace. */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, type Place } from "./client.ts";

export interface ManyStreams {
  readonly failures: number;
  /** Of each stream that counts: milliseconds from request to first token, the engine's own pause included. */
  readonly first: readonly number[];
  readonly tokensPerSecond: number;
  readonly why: string | undefined;
}

const PAUSE_MILLIS = 250;
const TOKENS = 20;

/** `waves`: every client asks so many times, one after the other; they start spread over one answer's time. The first counts for nothing. */
export async function manyStreams(place: Place, streams: number, waves: number): Promise<ManyStreams> {
  const first: number[] = [];
  let failures = 0;
  let why: string | undefined;
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
  return { failures, first, tokensPerSecond: (streams * waves * TOKENS) / seconds, why };
}
