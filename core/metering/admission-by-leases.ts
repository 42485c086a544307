/** Admission as every deployment does it: a request is let in by its tenant's lease and by its key's, if they have terms. */
import { FarthingError, isFarthingError } from "../errors.ts";
import { hasTerms, type Terms } from "../tenants/terms.ts";
import type { Admission, Demand, Grant } from "./admission.ts";
import { keyAccount, tenantAccount } from "./leases/account-id.ts";
import { AccountLeases, type LeaseWorld } from "./leases/account-leases.ts";
import type { AccountId } from "./leases/account-store.ts";
import type { Need } from "./leases/lease.ts";
import { FREE_GRANT, grantOf, type Party, type PartyHold } from "./leases/lease-grant.ts";
import { LEASE_LIMITS } from "./leases/lease-limits.ts";
import { SHARDS, type Shard, shardId } from "./leases/shards.ts";
import { refusal } from "./limits/refusals.ts";

export function createAdmission(world: LeaseWorld): Admission {
  const accounts = new Map<AccountId, AccountLeases>();
  /** Accounts in whose shards this environment has its leases. */
  const moved = new Map<AccountId, Shard>();
  const closing = new Set<Promise<void>>();

  function leasesOf(account: AccountId, terms: Terms): AccountLeases {
    const place = moved.get(account) ?? account;
    const id = typeof place === "string" ? place : shardId(place);
    let leases = accounts.get(id);
    if (leases === undefined) {
      if (accounts.size >= LEASE_LIMITS.accounts) forgetOldestIdle();
      leases = new AccountLeases(place, terms, world);
      accounts.set(id, leases);
    }
    return leases;
  }

  function forgetOldestIdle(): void {
    for (const [id, leases] of accounts) {
      if (!leases.isIdle) continue;
      accounts.delete(id);
      // What cannot be given back now is settled by the reconciler.
      const closed: Promise<void> = leases.close().then(
        () => void closing.delete(closed),
        () => void closing.delete(closed),
      );
      closing.add(closed);
      return;
    }
  }

  function parties({ tenant, keyHash, terms }: Demand): readonly Party[] {
    const list: Party[] = [];
    const add = (bearer: Party["bearer"], account: AccountId, own: Terms): void => {
      if (hasTerms(own)) list.push({ bearer, account, terms: own, leases: leasesOf(account, own) });
    };
    // The key first: a key that is over its budget costs its tenant's lease nothing.
    add("key", keyAccount(keyHash), terms.key);
    add("tenant", tenantAccount(tenant), terms.tenant);
    return list;
  }

  async function asked(party: Party, need: Need): Promise<PartyHold> {
    try {
      const held = await party.leases.hold(need, party.terms);
      if (held.type === "held") return { ...party, hold: held.hold };
      if (held.type === "shortage") throw refusal(held.shortage, party.bearer, party.terms.limits);
      // All who wait go to the same one.
      if (!moved.has(party.account)) {
        moved.set(party.account, { root: party.account, number: Math.floor(world.random() * SHARDS) });
      }
      return asked({ ...party, leases: leasesOf(party.account, party.terms) }, need);
    } catch (error) {
      throw isFarthingError(error) ? error : unavailable(error);
    }
  }

  async function askedOfEach(list: readonly Party[], need: Need): Promise<Grant> {
    const holds: PartyHold[] = [];
    try {
      for (const party of list) {
        const hold = party.leases.tryHold(need, party.terms);
        holds.push(hold === undefined ? await asked(party, need) : { ...party, hold });
      }
    } catch (error) {
      for (const { hold } of holds) hold.cancel();
      throw error;
    }
    return grantOf(holds);
  }

  return {
    admit(demand) {
      const list = parties(demand);
      if (list.length === 0) return FREE_GRANT;
      const need: Need = {
        price: demand.maximumPricePicodollars,
        partial: demand.stream,
        tokens: demand.estimatedTokens,
        deadlineMillis: demand.deadlineMillis,
      };
      const holds: PartyHold[] = [];
      for (const party of list) {
        const hold = party.leases.tryHold(need, party.terms);
        if (hold === undefined) {
          for (const { hold } of holds) hold.cancel();
          return askedOfEach(list, need);
        }
        holds.push({ ...party, hold });
      }
      return grantOf(holds);
    },
    settled() {
      const pending = [...closing];
      for (const leases of accounts.values()) {
        const settled = leases.settled();
        if (settled !== undefined) pending.push(settled);
      }
      return pending.length === 0 ? undefined : Promise.all(pending).then(() => {});
    },
    async close() {
      await Promise.allSettled([...accounts.values()].map((leases) => leases.close()));
    },
  };
}

const unavailable = (cause: unknown): FarthingError =>
  new FarthingError(
    "dependency_unavailable",
    "This request needs the store of budgets and limits, which does not answer at the moment.",
    { retryAfterSeconds: 2, cause },
  );
