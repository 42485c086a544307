/** Environments on one store, with a clock that tests move by hand. */
import type { Admission, Demand, Grant } from "../../../core/metering/admission.ts";
import { createAdmission } from "../../../core/metering/admission-by-leases.ts";
import type { AccountStore } from "../../../core/metering/leases/account-store.ts";
import { createMemoryAccountStore } from "../../../core/metering/leases/memory-account-store.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import { type Budget, NO_TERMS, type Terms } from "../../../core/tenants/terms.ts";

export const hard = (picodollars: number): Budget => ({ picodollars: BigInt(picodollars), enforcement: "hard" });

export function admissionWorld(startMillis = Date.UTC(2026, 10, 24, 12), leasesPerItem?: number) {
  const memory = createMemoryAccountStore();
  let millis = startMillis;
  let names = 0;
  let requests = 0;
  let drawn = 0;
  /** Spread over 0 to 1, the same in every run. */
  const uneven = () => (++drawn * 0.618_033_988_749_895) % 1;
  const calls = { reads: 0, writes: 0 };
  const state = { isDown: false };
  const store: AccountStore = {
    async read(id) {
      calls.reads++;
      if (state.isDown) throw new Error("the store is down");
      return memory.read(id);
    },
    async write(id, account) {
      calls.writes++;
      if (state.isDown) throw new Error("the store is down");
      return memory.write(id, account);
    },
  };
  const clock: Clock = {
    epochMillis: () => millis,
    monotonicMillis: () => millis,
    after(_, callback) {
      queueMicrotask(callback);
      return () => {};
    },
  };
  return {
    memory,
    calls,
    state,
    pass(time: number): void {
      millis += time;
    },
    now: () => millis,
    environment: (): Admission =>
      createAdmission({
        store,
        clock,
        newLeaseId: () => `L${names++}`,
        random: uneven,
        ...(leasesPerItem !== undefined && { leasesPerItem }),
      }),
    demand: (
      overrides: Partial<Omit<Demand, "terms">> & {
        readonly tenant?: string;
        readonly of?: Terms;
        readonly key?: Terms;
      },
    ): Demand => {
      const { of = NO_TERMS, key = NO_TERMS, ...rest } = overrides;
      return {
        tenant: "acme",
        keyHash: "aa",
        terms: { tenant: of, key },
        requestId: `R${requests++}`,
        maximumPricePicodollars: 10n,
        estimatedTokens: 10,
        deadlineMillis: millis + 30_000,
        stream: false,
        ...rest,
      };
    },
  };
}

/** Narrows: the grant has to be there at once. */
export function atOnce(grant: Grant | Promise<Grant>): Grant {
  if (grant instanceof Promise) throw new Error("admission waited");
  return grant;
}
