/** Shards and their account in a store: two items, written one after the other, in the order that can lose no money. */
import type { Account } from "./account.ts";
import type { AccountId, AccountStore } from "./account-store.ts";
import { Contention } from "./contention.ts";
import { keptWindows } from "./free-money.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import { type FundingRequest, fund, type Shard, settleShard, shardId } from "./shards.ts";
import { dayOf } from "./windows.ts";

/**
 * What the shard has after asking its account for more. The account is written first: what the shard does not hear of stays
 * withheld until its day is over, and is found at the next asking.
 */
export async function fundStoredShard(
  store: AccountStore,
  { root, number }: Shard,
  shard: Account,
  request: FundingRequest,
  pause: (attempt: number) => Promise<void> | undefined,
): Promise<Readonly<Record<string, bigint>>> {
  for (let attempt = 0; attempt < LEASE_LIMITS.attempts; attempt++) {
    const account = await store.read(root);
    const funding = fund(account, number, shard, request);
    if (funding === undefined) return account.shards[number] ?? {};
    if ((await store.write(root, funding.root)) === "written") return funding.allotted;
    await pause(attempt);
  }
  throw new Contention(root);
}

/**
 * Gives back what shards did not use of past days, also those that nobody uses any more. For the reconciler, after the leases;
 * answers how many shards' days were settled. Rejects when the store does not answer; then it can be run again.
 */
export async function settleStoredShards(store: AccountStore, root: AccountId, nowMillis: number): Promise<number> {
  const today = dayOf(nowMillis - 2 * LEASE_LIMITS.clockSkewMillis);
  let settledDays = 0;
  for (const name of Object.keys((await store.read(root)).shards)) {
    const number = Number(name);
    const shard = await closedShard(store, shardId({ root, number }), today);
    if (shard === undefined) continue;
    for (let attempt = 0; attempt < LEASE_LIMITS.attempts; attempt++) {
      const before = await store.read(root);
      const settled = settleShard(before, number, shard);
      const days = daysOf(before, number) - daysOf(settled, number);
      if (days === 0) break;
      const charged = keptWindows(settled.charged, settled.day, settled);
      if ((await store.write(root, { ...settled, charged, revision: before.revision + 1 })) === "refused") continue;
      settledDays += days;
      break;
    }
  }
  return settledDays;
}

const daysOf = ({ shards }: Account, number: number): number => Object.keys(shards[number] ?? {}).length;

/** The shard, after which no lease of a day before today can begin; undefined when another writer came first. */
async function closedShard(store: AccountStore, id: AccountId, today: string): Promise<Account | undefined> {
  const shard = await store.read(id);
  if (shard.day >= today) return shard;
  const closed: Account = { ...shard, revision: shard.revision + 1, day: today, allotted: shard.allotted ?? {} };
  return (await store.write(id, closed)) === "written" ? closed : undefined;
}
