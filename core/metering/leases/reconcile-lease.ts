/**
 * Settles the lease of an environment that will not do it itself: it died, or sleeps. What its usage lines say was charged is
 * counted, everything else it withheld is free again.
 */
import { type Account, withheld } from "./account.ts";
import type { AccountId, AccountStore } from "./account-store.ts";
import { LEASE_LIMITS, settleableAfterMillis } from "./lease-limits.ts";
import { windowsOf } from "./windows.ts";

export interface SettleableLease {
  readonly id: string;
  /** Its usage lines lie between these two. */
  readonly fromMillis: number;
  readonly toMillis: number;
  readonly withheldPicodollars: bigint;
}

/** Leases whose every request is over; all their usage lines have to be read before one is settled. */
export function settleableLeases(account: Account, nowMillis: number): readonly SettleableLease[] {
  return Object.entries(account.leases)
    .filter(([, entry]) => nowMillis > settleableAfterMillis(entry.expiresAtMillis))
    .map(([id, entry]) => ({
      id,
      // A line says when its request came, which may have waited for the lease.
      fromMillis: entry.startedAtMillis - LEASE_LIMITS.maxRequestMillis - LEASE_LIMITS.clockSkewMillis,
      toMillis: settleableAfterMillis(entry.expiresAtMillis),
      withheldPicodollars: withheld(entry),
    }));
}

export type Reconciliation =
  | { readonly type: "settled"; readonly account: Account; readonly facts: SettlementFacts }
  /** Requests may still run under it. */
  | { readonly type: "too-early"; readonly afterMillis: number }
  /** Settled before, by its environment or by an earlier run. */
  | { readonly type: "absent" };

export interface SettlementFacts {
  /** Counted now, beyond what renewals had counted. */
  readonly chargedPicodollars: bigint;
  readonly releasedPicodollars: bigint;
  /** Renewals had counted this much more than the usage lines show; it stays charged against the budget. */
  readonly unexplainedPicodollars: bigint;
  /** The usage lines show this much more than the lease allowed: lines that are not this lease's, or a fault of ours. */
  readonly excessPicodollars: bigint;
}

/** `chargedByRequestId`: from every usage line whose `lease` (or `keyLease`, for a key's account) is this lease. */
export function reconcileLease(
  account: Account,
  leaseId: string,
  chargedByRequestId: ReadonlyMap<string, bigint>,
  nowMillis: number,
): Reconciliation {
  const entry = account.leases[leaseId];
  if (entry === undefined) return { type: "absent" };
  const afterMillis = settleableAfterMillis(entry.expiresAtMillis);
  if (nowMillis <= afterMillis) return { type: "too-early", afterMillis };
  const total = [...chargedByRequestId.values()].reduce((sum, charged) => sum + charged, 0n);
  const { settledPicodollars: settled, grantedPicodollars: granted } = entry;
  const chargedPicodollars = total > settled ? total - settled : 0n;
  const charged = { ...account.charged };
  for (const window of windowsOf(entry.day)) charged[window] = (charged[window] ?? 0n) + chargedPicodollars;
  const { [leaseId]: _, ...leases } = account.leases;
  const left = granted - settled - chargedPicodollars;
  return {
    type: "settled",
    account: { ...account, revision: account.revision + 1, charged, leases },
    facts: {
      chargedPicodollars,
      releasedPicodollars: left > 0n ? left : 0n,
      unexplainedPicodollars: total < settled ? settled - total : 0n,
      excessPicodollars: left < 0n ? -left : 0n,
    },
  };
}

/** The same on a store, however many others write. Rejects when the store does not answer; then it can be run again. */
export async function reconcileStoredLease(
  store: AccountStore,
  id: AccountId,
  leaseId: string,
  chargedByRequestId: ReadonlyMap<string, bigint>,
  nowMillis: number,
): Promise<Reconciliation> {
  for (let attempt = 0; attempt < LEASE_LIMITS.attempts; attempt++) {
    const reconciliation = reconcileLease(await store.read(id), leaseId, chargedByRequestId, nowMillis);
    if (reconciliation.type !== "settled") return reconciliation;
    if ((await store.write(id, reconciliation.account)) === "written") return reconciliation;
  }
  throw new Error(`${id}: others wrote it at each of ${LEASE_LIMITS.attempts} attempts`);
}
