/** What is added up: whole numbers only, so that no order of adding makes a difference. */
import { PICODOLLARS_PER_USD } from "../pricing/picodollars.ts";
import type { UsageLine } from "./usage-line.ts";

export interface UsageCounts {
  readonly requests: number;
  /** Of the requests, those that failed, for whichever reason. */
  readonly errors: number;
  readonly cacheHits: number;
  readonly inputTokens: number;
  /** Of the input, what the models did not have to read again. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** Time in the models and time of the whole requests: what costs are shared by. */
  readonly inferenceMicros: number;
  readonly durationMicros: number;
  readonly pricePicodollars: bigint;
  /** What the requests cost by themselves (pricing/cost/line-cost.ts). For the platform's own eyes: customers see prices. */
  readonly costPicodollars: bigint;
}

export const NO_COUNTS: UsageCounts = {
  requests: 0,
  errors: 0,
  cacheHits: 0,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  requestBytes: 0,
  responseBytes: 0,
  inferenceMicros: 0,
  durationMicros: 0,
  pricePicodollars: 0n,
  costPicodollars: 0n,
};

const CACHE_HITS: ReadonlySet<string | undefined> = new Set(["hit", "coalesced"]);

export const countsOf = (line: UsageLine, costPicodollars: bigint): UsageCounts => ({
  requests: 1,
  errors: line.error === undefined ? 0 : 1,
  cacheHits: CACHE_HITS.has(line.cache) ? 1 : 0,
  inputTokens: line.inputTokens,
  cachedInputTokens: line.cachedInputTokens ?? 0,
  outputTokens: line.outputTokens,
  requestBytes: line.requestBytes,
  responseBytes: line.responseBytes,
  inferenceMicros: Math.round(line.inferenceMillis * 1_000),
  durationMicros: Math.round(line.durationMillis * 1_000),
  pricePicodollars: linePicodollars(line),
  costPicodollars,
});

/** A line carries the double nearest to the price; the picodollar nearest to that is the price, up to 4,000 USD. */
export const linePicodollars = ({ priceUsd }: Pick<UsageLine, "priceUsd">): bigint =>
  BigInt(Math.round(priceUsd * PICODOLLARS_PER_USD));

export const addCounts = (a: UsageCounts, b: UsageCounts): UsageCounts => ({
  requests: a.requests + b.requests,
  errors: a.errors + b.errors,
  cacheHits: a.cacheHits + b.cacheHits,
  inputTokens: a.inputTokens + b.inputTokens,
  cachedInputTokens: a.cachedInputTokens + b.cachedInputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  requestBytes: a.requestBytes + b.requestBytes,
  responseBytes: a.responseBytes + b.responseBytes,
  inferenceMicros: a.inferenceMicros + b.inferenceMicros,
  durationMicros: a.durationMicros + b.durationMicros,
  pricePicodollars: a.pricePicodollars + b.pricePicodollars,
  costPicodollars: a.costPicodollars + b.costPicodollars,
});
