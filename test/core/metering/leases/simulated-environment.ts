/** An execution environment with clocks of its own: it freezes between two steps, its wall clock is off and is set. */

import { isFarthingError } from "../../../../core/errors.ts";
import type { Admission, Demand, Grant } from "../../../../core/metering/admission.ts";
import { createAdmission } from "../../../../core/metering/admission-by-leases.ts";
import type { AccountStore } from "../../../../core/metering/leases/account-store.ts";
import { LEASE_LIMITS } from "../../../../core/metering/leases/lease-limits.ts";
import type { TenantTerms } from "../../../../core/tenants/terms.ts";

export interface UsageLine {
  readonly requestId: string;
  readonly charged: bigint;
  readonly lease: string | undefined;
  readonly keyLease: string | undefined;
}

interface Running {
  readonly requestId: string;
  readonly grant: Grant;
  readonly stream: boolean;
  readonly price: bigint;
  /** By true time, and early enough for any clock. */
  readonly chargeableUntilMillis: number;
  sent: bigint;
  waiting: boolean;
}

export interface SimulatedWorld {
  readonly store: AccountStore;
  readonly terms: TenantTerms;
  readonly random: () => number;
  readonly leasesPerItem: number;
  trueMillis(): number;
  newLeaseId(): string;
  newRequestId(): string;
  emit(line: UsageLine): void;
  refused(code: string, demand: Demand): void;
  reached(): void;
}

export class SimulatedEnvironment {
  readonly admission: Admission;
  readonly running: Running[] = [];
  isFrozen = false;
  isDead = false;
  /** The wall clock's distance from true time. */
  skewMillis: number;
  readonly #world: SimulatedWorld;
  #frozenAt = 0;
  #frozenMillis = 0;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(world: SimulatedWorld, skewMillis: number) {
    this.#world = world;
    this.skewMillis = skewMillis;
    const monotonicMillis = () => this.#monotonicMillis();
    this.admission = createAdmission({
      store: world.store,
      clock: {
        epochMillis: () => world.trueMillis() + this.skewMillis,
        monotonicMillis,
        after: (millis, callback) => {
          const timer = { at: monotonicMillis() + millis, callback };
          this.#timers.push(timer);
          return () => void (this.#timers = this.#timers.filter((other) => other !== timer));
        },
      },
      newLeaseId: world.newLeaseId,
      random: world.random,
      leasesPerItem: world.leasesPerItem,
    });
  }

  #monotonicMillis(): number {
    return (this.isFrozen ? this.#frozenAt : this.#world.trueMillis()) - this.#frozenMillis;
  }

  /** The monotonic clock stands still meanwhile. */
  freeze(): void {
    this.isFrozen = true;
    this.#frozenAt = this.#world.trueMillis();
  }

  thaw(): void {
    this.isFrozen = false;
    this.#frozenMillis += this.#world.trueMillis() - this.#frozenAt;
  }

  runTimers(): void {
    const due = this.#timers.filter(({ at }) => at <= this.#monotonicMillis());
    this.#timers = this.#timers.filter((timer) => !due.includes(timer));
    for (const { callback } of due) callback();
  }

  begin(price: bigint, stream: boolean, patienceMillis: number): void {
    const { terms, newRequestId, trueMillis, refused } = this.#world;
    const chargeableUntilMillis = trueMillis() + patienceMillis - 2 * LEASE_LIMITS.clockSkewMillis;
    const demand: Demand = {
      tenant: "t",
      keyHash: "k",
      terms,
      requestId: newRequestId(),
      maximumPricePicodollars: price,
      estimatedTokens: 10,
      deadlineMillis: trueMillis() + this.skewMillis + patienceMillis,
      stream,
    };
    const admitted = (grant: Grant): void => {
      if (this.isDead) return;
      this.running.push({
        requestId: demand.requestId,
        grant,
        stream,
        price,
        chargeableUntilMillis,
        sent: 0n,
        waiting: false,
      });
    };
    const failed = (error: unknown): void => {
      if (this.isDead) return;
      if (!isFarthingError(error)) throw error;
      refused(error.code, demand);
    };
    try {
      const grant = this.admission.admit(demand);
      if (grant instanceof Promise) grant.then(admitted, failed);
      else admitted(grant);
    } catch (error) {
      failed(error);
    }
  }

  /** One event of a stream, or the end of a request. */
  step(random: () => number): void {
    const ready = this.running.filter(({ waiting }) => !waiting);
    const request = ready[Math.floor(random() * ready.length)];
    if (request === undefined) return;
    if (!request.stream || random() < 0.3) {
      const failed = random() < 0.15;
      // Some cost more than they said they could: no more than was approved is charged.
      const actual = request.stream ? request.sent : (request.price * BigInt(Math.floor(random() * 130))) / 100n;
      this.#end(request, failed ? 0n : actual);
      return;
    }
    const next = request.sent + (request.price * BigInt(1 + Math.floor(random() * 60))) / 100n + 1n;
    const answer = request.grant.spend(next, 5);
    if (answer === "go-on") request.sent = next;
    else if (answer === "reached") this.#reached(request);
    else {
      request.waiting = true;
      answer.then(
        (spending) => {
          if (this.isDead) return;
          request.waiting = false;
          if (spending === "go-on") request.sent = next;
          else this.#reached(request);
        },
        () => {
          if (!this.isDead) this.#end(request, request.sent);
        },
      );
    }
  }

  #reached(request: Running): void {
    this.#world.reached();
    this.#end(request, request.sent);
  }

  #end(request: Running, price: bigint): void {
    this.running.splice(this.running.indexOf(request), 1);
    const { grant, requestId } = request;
    const charged = grant.settle(price, 7);
    if (grant.settle(price, 7) !== charged) throw new Error(`${requestId} was settled twice`);
    if (
      request.stream &&
      charged !== price &&
      price !== 0n &&
      this.#world.trueMillis() < request.chargeableUntilMillis
    ) {
      throw new Error(`${requestId}: ${price} was approved and sent, ${charged} charged`);
    }
    const { lease, keyLease } = grant.leases;
    this.#world.emit({ requestId, charged, lease, keyLease });
  }
}
