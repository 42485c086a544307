/**
 * A rate limit, split: each open lease has a share of the rate and fills a bucket of its own with it; what nobody has piles up
 * in the account and is taken at once. So over any time no more passes than the rate allows, plus one burst.
 */
import type { Pile } from "../leases/account.ts";

export interface RateLimit {
  readonly perSecond: number;
  /** What may pile up. */
  readonly burst: number;
}

export interface ShareRequest {
  readonly limit: RateLimit;
  readonly pile: Pile;
  /** Sum of all shares as they were stored, those that have ended since included: the pile never gains too much. */
  readonly storedShares: number;
  /** Sum of the shares of other leases that count now. */
  readonly otherShares: number;
  readonly openLeases: number;
  readonly nowMillis: number;
  /** The rate that this lease would use. */
  readonly wantedPerSecond: number;
  /** Needed at once, beyond what the lease has. */
  readonly needed: number;
}

export interface ShareGrant {
  readonly share: number;
  readonly taken: number;
  readonly pile: Pile;
  /** Present when less than `needed` could be taken. */
  readonly shortage?: { readonly retryAfterMillis: number };
}

export function grantShare(request: ShareRequest): ShareGrant {
  const { limit, otherShares, openLeases, nowMillis, wantedPerSecond, needed } = request;
  const level = levelAt(request);
  const free = Math.max(0, limit.perSecond - otherShares);
  const fair = limit.perSecond / openLeases;
  // Whoever asks for more than its fair part leaves half of the rest to those who come next.
  const share = Math.min(wantedPerSecond, free, Math.max(fair, free / 2));
  const extra = Math.max(0, level - needed) / (4 * openLeases);
  const taken = needed === 0 ? 0 : Math.min(level, needed + extra);
  const pile: Pile = { level: level - taken, atMillis: Math.max(nowMillis, request.pile.atMillis) };
  if (taken >= needed) return { share, taken, pile };
  const perMilli = Math.max(free, fair) / 1000;
  return { share, taken, pile, shortage: { retryAfterMillis: Math.ceil((needed - taken) / perMilli) } };
}

/** Clocks of several writers meet in `atMillis`: time that seems to run backwards fills nothing. */
export function levelAt({
  limit,
  pile,
  storedShares,
  nowMillis,
}: Pick<ShareRequest, "limit" | "pile" | "storedShares" | "nowMillis">): number {
  if (pile.level === undefined) return limit.burst;
  const seconds = Math.max(0, nowMillis - pile.atMillis) / 1000;
  const unassigned = Math.max(0, limit.perSecond - storedShares);
  return Math.min(limit.burst, pile.level + seconds * unassigned);
}
