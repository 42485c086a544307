/** What one running request has reserved under one lease. */
import type { Clock } from "../../serving/clock.ts";
import type { Spending } from "../admission.ts";
import type { Lease, Need } from "./lease.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import { Stopwatch } from "./stopwatch.ts";

export interface HoldKeeper {
  readonly clock: Clock;
  /** Renews behind the request's back when it is time to. */
  refresh(lease: Lease): void;
  /** One renewal that knows of the lease's `extension`. */
  renewFor(lease: Lease): Promise<void>;
  /** A hold has ended: something may be free again, or should go back. */
  released(): void;
}

/** A stream that runs out of its reserve asks for this part of what it may still cost. */
const EXTENSIONS_PER_STREAM = 4n;

export class Hold {
  readonly lease: Lease;
  readonly #keeper: HoldKeeper;
  readonly #maximum: bigint;
  readonly #age: Stopwatch;
  readonly #chargeableMillis: number;
  #approved: bigint;
  #tokens: number;
  #ended = false;

  constructor(lease: Lease, need: Need, keeper: HoldKeeper, tokens: number) {
    this.lease = lease;
    this.#keeper = keeper;
    this.#maximum = need.price;
    this.#age = Stopwatch.start(keeper.clock);
    this.#chargeableMillis = Math.min(need.deadlineMillis - keeper.clock.epochMillis(), LEASE_LIMITS.maxRequestMillis);
    this.#approved = smaller(need.price, lease.headroom);
    this.#tokens = tokens;
    lease.held += this.#approved;
    lease.inFlight++;
    if (lease.inFlight > lease.peak) lease.peak = lease.inFlight;
    lease.requestLevel--;
    lease.tokenLevel -= tokens;
    lease.requestsSince++;
    lease.tokensSince += tokens;
  }

  spend(price: bigint, tokens: number): Spending | Promise<Spending> {
    if (this.#isOver()) return "reached";
    this.#count(Math.max(tokens, this.#tokens));
    if (price <= this.#approved) {
      this.#keeper.refresh(this.lease);
      return "go-on";
    }
    return this.#extendTo(price) ? "go-on" : this.#renewedTo(price);
  }

  /** The part of the price that may be charged. */
  chargeable(price: bigint): bigint {
    if (this.#ended || this.#isOver()) return 0n;
    if (price > this.#approved) this.#extendTo(price);
    return smaller(price, this.#approved);
  }

  /** `charged`: at most what `chargeable` says. */
  settle(charged: bigint, tokens: number): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#count(tokens);
    const { lease } = this;
    lease.held -= this.#approved;
    lease.inFlight--;
    lease.spent += charged;
    lease.spentSince += charged;
    this.#keeper.released();
  }

  /** The request never ran. */
  cancel(): void {
    if (!this.#ended) this.lease.requestLevel++;
    this.settle(0n, 0);
  }

  #isOver(): boolean {
    return this.lease.gone || this.#age.elapsedMillis(this.#keeper.clock) >= this.#chargeableMillis;
  }

  #count(tokens: number): void {
    this.lease.tokenLevel -= tokens - this.#tokens;
    this.lease.tokensSince += tokens - this.#tokens;
    this.#tokens = tokens;
  }

  #extendTo(price: bigint): boolean {
    const { lease } = this;
    const missing = price - this.#approved;
    if (!lease.isOpen || lease.headroom < missing) return false;
    const more = smaller(lease.headroom, larger(missing, this.#chunk()));
    this.#approved += more;
    lease.held += more;
    return true;
  }

  #chunk(): bigint {
    return larger(0n, this.#maximum - this.#approved) / EXTENSIONS_PER_STREAM;
  }

  async #renewedTo(price: bigint): Promise<Spending> {
    const wanted = larger(price - this.#approved, this.#chunk());
    this.lease.extension += wanted;
    try {
      // The first renewal may have been under way already, and so not know of this.
      for (let renewals = 0; renewals < 2; renewals++) {
        await this.#keeper.renewFor(this.lease);
        if (this.#isOver()) return "reached";
        if (this.#extendTo(price)) return "go-on";
      }
      return "reached";
    } finally {
      this.lease.extension -= wanted;
    }
  }
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
