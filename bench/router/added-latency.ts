/** One client at a time: the upstream directly, and through each gateway, in turn. */
import { quantile } from "../measurement.ts";
import { type Chat, createClient, type Place } from "./client.ts";

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

export type Latencies = Readonly<Record<string, readonly Latency[]>>;

export interface LatencyOptions {
  readonly chat: Chat;
  readonly rounds: number;
  /** Of a round, for each place. */
  readonly calls: number;
  /** Of a stream: whether the first token counts, or all of them. */
  readonly what: "first" | "all";
}

/** By the name of the place, a figure for each round. */
export async function latencies(places: Readonly<Record<string, Place>>, options: LatencyOptions): Promise<Latencies> {
  const { chat, rounds, calls, what } = options;
  const clients = Object.entries(places).map(([name, place]) => ({ name, client: createClient(place) }));
  const found: Record<string, Latency[]> = {};
  for (let round = -1; round < rounds; round++) {
    for (const { name, client } of clients) {
      const millis: number[] = [];
      for (let call = 0; call < calls; call++) millis.push((await client.ask(chat))[what]);
      if (round < 0) continue;
      found[name] ??= [];
      found[name].push({ p50: quantile(millis, 0.5), p99: quantile(millis, 0.99) });
    }
  }
  for (const { client } of clients) client.close();
  return found;
}

/** Of each round what a place took longer than the upstream alone, microseconds. */
export const addedMicros = (found: Latencies, name: string, share: keyof Latency): readonly number[] =>
  (found[name] ?? []).map((one, round) => 1000 * (one[share] - ((found.direct ?? [])[round]?.[share] ?? 0)));
