/**
 * The store as a bad network shows it: calls wait until the scheduler decides what becomes of them. A write may arrive, may
 * arrive without its reply, may arrive twice, may be lost, or may arrive long after its caller gave up.
 */
import { type Account, NEW_ACCOUNT } from "../../../../core/metering/leases/account.ts";
import type { AccountStore } from "../../../../core/metering/leases/account-store.ts";
import { createMemoryAccountStore } from "../../../../core/metering/leases/memory-account-store.ts";

interface Call {
  readonly environment: number;
  readonly id: string;
  readonly account: Account | undefined;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export function simulatedNetwork(random: () => number) {
  const memory = createMemoryAccountStore();
  const calls: Call[] = [];
  /** Writes that are still somewhere on the way although nobody waits for them. */
  const stray: Call[] = [];
  const dayOfLease = new Map<string, string>();
  const accountOfLease = new Map<string, string>();
  let writes = 0;

  function call(environment: number, id: string, account?: Account): Promise<unknown> {
    return new Promise((resolve, reject) => void calls.push({ environment, id, account, resolve, reject }));
  }

  function applied({ id, account }: Call): Account | "written" | "refused" {
    if (account === undefined) return memory.accounts.get(id) ?? NEW_ACCOUNT;
    writes++;
    // The memory store answers at once; only its promise does not.
    const outcome = (memory.accounts.get(id)?.revision ?? 0) === account.revision - 1 ? "written" : "refused";
    void memory.write(id, account);
    if (outcome === "written") {
      for (const [lease, { day }] of Object.entries(account.leases)) {
        dayOfLease.set(lease, day);
        accountOfLease.set(lease, id);
      }
    }
    return outcome;
  }

  return {
    memory,
    dayOfLease,
    accountOfLease,
    get writes() {
      return writes;
    },
    storeOf: (environment: number): AccountStore => ({
      read: (id) => call(environment, id) as Promise<Account>,
      write: (id, account) => call(environment, id, account) as Promise<"written" | "refused">,
    }),
    get waiting() {
      return calls.length;
    },
    /** Decides one call's fate; false when there is none. */
    deliver(faults: boolean): boolean {
      const strayed = stray.length > 0 && (calls.length === 0 || random() < 0.3);
      if (strayed) {
        applied(taken(stray, random));
        return true;
      }
      if (calls.length === 0) return false;
      const next = taken(calls, random);
      const fate = faults ? random() : 1;
      if (fate < 0.04) next.reject(new Error("the call was lost"));
      else if (fate < 0.09) {
        applied(next);
        next.reject(new Error("the reply was lost"));
      } else if (fate < 0.14 && next.account !== undefined) {
        stray.push(next);
        next.reject(new Error("no reply in time"));
      } else if (fate < 0.22 && next.account !== undefined) {
        // A client that did not hear of its first try sends a second.
        applied(next);
        next.resolve(applied(next));
      } else next.resolve(applied(next));
      return true;
    },
    /** Nobody waits any more; what is under way still arrives, or not. */
    killed(environment: number): void {
      for (let index = calls.length - 1; index >= 0; index--) {
        const dead = calls[index] as Call;
        if (dead.environment !== environment) continue;
        calls.splice(index, 1);
        if (dead.account !== undefined) stray.push(dead);
      }
    },
  };
}

function taken(calls: Call[], random: () => number): Call {
  const [call] = calls.splice(Math.floor(random() * calls.length), 1);
  return call as Call;
}
