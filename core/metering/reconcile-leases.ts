/**
 * Settles the leases of environments that died or sleep: what their usage lines say was charged is in the usage pages, by
 * lease. What a lease withheld beyond that is free again (leases/reconcile-lease.ts).
 */
import type { Account } from "./leases/account.ts";
import type { AccountId, AccountStore } from "./leases/account-store.ts";
import { reconcileStoredLease, type SettleableLease, settleableLeases } from "./leases/reconcile-lease.ts";
import { settleStoredShards } from "./leases/stored-shards.ts";
import { dayOf } from "./leases/windows.ts";
import { accountOwner } from "./reconcile-account-owner.ts";
import type { UsagePage } from "./usage-page.ts";
import { gapsIn } from "./usage-ranges.ts";
import type { UsageReader } from "./usage-store.ts";

export interface LeaseReconciliation {
  readonly settled: number;
  readonly releasedPicodollars: bigint;
  /** Leases whose usage lines have not all come. */
  readonly waiting: number;
}

export interface LeaseReconciliationDependencies {
  readonly accounts: AccountStore & {
    list(): Promise<readonly { readonly id: AccountId; readonly account: Account }[]>;
  };
  readonly usage: UsageReader;
  /** Whose key it is; undefined: it is gone, and its tenant with it. */
  tenantOfKey(hash: string): Promise<string | undefined>;
}

/** Between the last moment at which a line can be written and the one at which it is taken as counted: Lambda's retries, tenfold. */
const DELIVERY_MILLIS = 30 * 60_000;
/** A line that is known to exist and has not come after this is lost; its lease shall not wait for it. */
const LOST_AFTER_MILLIS = 24 * 3_600_000;
const DAY_MILLIS = 86_400_000;

export async function reconcileLeases(
  nowMillis: number,
  { accounts, usage, tenantOfKey }: LeaseReconciliationDependencies,
): Promise<LeaseReconciliation> {
  const sum = { settled: 0, releasedPicodollars: 0n, waiting: 0 };
  for (const { id, account } of await accounts.list()) {
    if (Object.keys(account.shards).length > 0) await settleStoredShards(accounts, id, nowMillis - DELIVERY_MILLIS);
    const due = settleableLeases(account, nowMillis - DELIVERY_MILLIS);
    const owner = accountOwner(id);
    if (due.length === 0 || owner === undefined) continue;
    const tenant = owner.type === "tenant" ? owner.name : await tenantOfKey(owner.hash);
    if (tenant === undefined) continue;
    for (const lease of due) {
      const pages = await pagesOf(tenant, lease, usage);
      if (nowMillis < lease.toMillis + LOST_AFTER_MILLIS && pages.some(({ counted }) => gapsIn(counted) > 0)) {
        sum.waiting++;
        continue;
      }
      const charged = new Map(pages.map(({ day, process, leases }) => [`${day} ${process}`, leases[lease.id] ?? 0n]));
      const reconciliation = await reconcileStoredLease(accounts, id, lease.id, charged, nowMillis);
      if (reconciliation.type !== "settled") continue;
      sum.settled++;
      sum.releasedPicodollars += reconciliation.facts.releasedPicodollars;
    }
  }
  return sum;
}

/** Those in which the lease was used. */
async function pagesOf(tenant: string, lease: SettleableLease, usage: UsageReader): Promise<readonly UsagePage[]> {
  const pages: UsagePage[] = [];
  for (let millis = lease.fromMillis; dayOf(millis) <= dayOf(lease.toMillis); millis += DAY_MILLIS) {
    pages.push(...(await usage.pages(tenant, dayOf(millis))));
  }
  return pages.filter(({ leases }) => leases[lease.id] !== undefined);
}
