/** What a renewal asks for, from who waits and from how fast the lease was used. */
import type { Limits } from "../../tenants/terms.ts";
import type { Lease, Need } from "./lease.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import type { Needs } from "./renewal.ts";

/** Shares are asked for with some room above the rate that was seen. */
const PACE_MARGIN = 1.25;
/** Those who wait are served from what has piled up; as a rate they count over the time until shares are set anew. */
const REFRESH_SECONDS = LEASE_LIMITS.refreshSharesAfterMillis / 1000;
/** Money for the lease's life at the pace that was seen, and as much again. */
const MONEY_MARGIN = 2n;

export interface Use {
  readonly waiting: readonly Need[];
  readonly lease: Lease | undefined;
  readonly limits: Limits;
  readonly largestPrice: bigint;
  /** Since the last renewal. */
  readonly elapsedMillis: number;
}

export function needsOf({ waiting, lease, limits, largestPrice, elapsedMillis }: Use): Needs {
  const seconds = Math.max(1, elapsedMillis / 1000);
  const lately = (lease?.spentSince ?? 0n) * BigInt(LEASE_LIMITS.lifeMillis);
  const pace = (MONEY_MARGIN * lately) / BigInt(Math.ceil(seconds * 1000));
  const largest = waiting.map(({ price }) => price).reduce(larger, largestPrice);
  // A stream starts with the least that there is.
  const least = waiting.map(({ price, partial }) => (partial && price > 0n ? 1n : price));
  const tokensWaiting = waiting.reduce((sum, { tokens }) => sum + tokens, 0);
  const firstTokens = Math.min(waiting[0]?.tokens ?? 0, limits.tokensPerMinute ?? 0);
  return {
    requests: waiting.length,
    minimum: least.reduce(smaller, least[0] ?? 0n),
    wanted: waiting.reduce((sum, { price }) => sum + price, 0n),
    cap: larger(pace, LEASE_LIMITS.capInRequests * largest),
    requestTokens: waiting.length === 0 ? 0 : Math.max(0, 1 - (lease?.requestLevel ?? 0)),
    tokens: Math.max(0, firstTokens - (lease?.tokenLevel ?? 0)),
    requestsPerSecond: (PACE_MARGIN * (lease?.requestsSince ?? 0)) / seconds + waiting.length / REFRESH_SECONDS,
    tokensPerSecond: (PACE_MARGIN * (lease?.tokensSince ?? 0)) / seconds + tokensWaiting / 60,
    slots: (lease?.inFlight ?? 0) + waiting.length,
    peakSlots: lease?.peak ?? 0,
  };
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
