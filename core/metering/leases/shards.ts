/**
 * Accounts that more environments use than one item bears: later ones take their leases from one of its shards. The account
 * allots money to each shard, day by day, and counts all of it as committed until the day is over and the shard's charges are
 * final; so nobody can spend the same money twice, whichever of the two he uses. Limits are divided evenly.
 */
import type { Limits, Terms } from "../../tenants/terms.ts";
import type { Account } from "./account.ts";
import type { AccountId } from "./account-store.ts";
import { freeMoney, keptWindows, later } from "./free-money.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import { dayOf, windowsOf } from "./windows.ts";

export const SHARDS = 8;

export interface Shard {
  readonly root: AccountId;
  readonly number: number;
}

export const shardId = ({ root, number }: Shard): AccountId => `${root}#${number}`;

/**
 * A shard's part of the limits. Leases that the account itself gave before it had shards run out within their life; so long
 * the limits may be exceeded by what these have.
 */
export const partOf = ({ requestsPerSecond, tokensPerMinute, concurrency }: Limits): Limits => ({
  ...(requestsPerSecond !== undefined && { requestsPerSecond: requestsPerSecond / SHARDS }),
  ...(tokensPerMinute !== undefined && { tokensPerMinute: tokensPerMinute / SHARDS }),
  ...(concurrency !== undefined && { concurrency: Math.max(1, Math.floor(concurrency / SHARDS)) }),
});

export interface FundingRequest {
  readonly terms: Terms;
  /** Day of the lease that needs it. */
  readonly day: string;
  readonly wanted: bigint;
  readonly cap: bigint;
  readonly nowMillis: number;
}

export interface Funding {
  /** To be written. */
  readonly root: Account;
  /** What the shard has then. */
  readonly allotted: Readonly<Record<string, bigint>>;
}

/** More money for a shard. `shard`: as it is stored. Undefined: there is none. */
export function fund(root: Account, number: number, shard: Account, request: FundingRequest): Funding | undefined {
  const { terms, day, wanted, cap, nowMillis } = request;
  const settled = settleShard(root, number, shard);
  const before = settled.shards[number] ?? {};
  const { picodollars: free = 0n } = freeMoney(settled, terms, day);
  // Twice of what gives each of the shard's leases a slice of full size.
  const slices = 2n * LEASE_LIMITS.slicesPerOpenLease * BigInt(Object.keys(shard.leases).length + 1);
  const share = smaller(cap * slices, free / BigInt(SHARDS));
  const more = share >= wanted ? share : smaller(free, wanted);
  if (more === 0n && before[day] !== undefined) return undefined;
  const allotted = { ...before, [day]: (before[day] ?? 0n) + more };
  const funded = {
    ...settled,
    revision: root.revision + 1,
    day: later(root.day, dayOf(nowMillis)),
    shards: { ...settled.shards, [number]: allotted },
  };
  return { root: { ...funded, charged: keptWindows(funded.charged, funded.day, funded) }, allotted };
}

/**
 * The account with a shard's finished days counted: what the shard charged is charged, the rest of what it was allotted is
 * free. `shard`: as it is stored.
 */
export function settleShard(root: Account, number: number, shard: Account): Account {
  const charged = { ...root.charged };
  const allotted: Record<string, bigint> = {};
  for (const [day, amount] of Object.entries(root.shards[number] ?? {})) {
    if (isOver(shard, day)) {
      for (const window of windowsOf(day)) charged[window] = (charged[window] ?? 0n) + (shard.charged[day] ?? 0n);
    } else allotted[day] = amount;
  }
  const { [number]: _, ...others } = root.shards;
  const shards = Object.keys(allotted).length === 0 ? others : { ...others, [number]: allotted };
  return { ...root, charged, shards };
}

/** No lease of that day is open, and none can be: a stored day never goes back. So the shard's charges of it are final. */
const isOver = (shard: Account, day: string): boolean =>
  shard.day > day && !Object.values(shard.leases).some((entry) => entry.day === day);

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** A shard as it was read, and what its account is known to have given it since. */
export function withAllotment(shard: Account, allotted: Readonly<Record<string, bigint>>): Account {
  const days = { ...shard.allotted };
  for (const [day, amount] of Object.entries(allotted)) {
    const before = days[day] ?? 0n;
    days[day] = amount > before ? amount : before;
  }
  return { ...shard, allotted: days };
}
