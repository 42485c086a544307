/**
 * An environment's leases on one account: the current one, and older ones whose requests still run. Holds are taken from
 * memory; one renewal at a time asks the store, for everyone who waits.
 */
import type { Clock } from "../../serving/clock.ts";
import type { Limits, Terms } from "../../tenants/terms.ts";
import type { Account } from "./account.ts";
import type { AccountId, AccountStore } from "./account-store.ts";
import { Contention } from "./contention.ts";
import { later } from "./free-money.ts";
import { Hold, type HoldKeeper } from "./hold.ts";
import { Lease, type Need } from "./lease.ts";
import { LEASE_LIMITS, refreshSharesAfterMillis } from "./lease-limits.ts";
import { needsOf } from "./needs-of.ts";
import { renew } from "./renew.ts";
import type { Needs, Renewed, Shortage } from "./renewal.ts";
import { partOf, type Shard, shardId, withAllotment } from "./shards.ts";
import { Stopwatch } from "./stopwatch.ts";
import { fundStoredShard } from "./stored-shards.ts";
import { UnconfirmedWrites } from "./unconfirmed-writes.ts";
import { dayOf } from "./windows.ts";

export interface LeaseWorld {
  readonly store: AccountStore;
  readonly clock: Clock;
  /** A name that nobody else has or had. */
  newLeaseId(): string;
  random(): number;
  /** From so many open leases on, newcomers go to a shard. Default: LEASE_LIMITS.leasesPerItem. */
  readonly leasesPerItem?: number;
}

/** What a renewal brought to who waits for it. */
type Outcome = Shortage | { readonly type: "crowded" } | undefined;

/** Nobody is told "no" by the store twice in this time. */
const REFUSAL_HOLDS_MILLIS = { budget: 1_000, requests: 250, tokens: 250, concurrency: 100 } as const;
const UNAVAILABLE_HOLDS_MILLIS = 500;

type Refusal =
  | { readonly type: "shortage"; readonly shortage: Shortage; readonly need: Need; readonly age: Stopwatch }
  | { readonly type: "unavailable"; readonly error: unknown; readonly age: Stopwatch };

export type Held =
  | { readonly type: "held"; readonly hold: Hold }
  | { readonly type: "shortage"; readonly shortage: Shortage }
  /** Too many others have their leases here: take one of its shards. */
  | { readonly type: "crowded" };

export class AccountLeases implements HoldKeeper {
  readonly clock: Clock;
  readonly #id: AccountId;
  readonly #world: LeaseWorld;
  readonly #shard: Shard | undefined;
  #allotted: Readonly<Record<string, bigint>> = {};
  #limits: { readonly terms: Terms; readonly limits: Limits } | undefined;
  #terms: Terms;
  #current: Lease | undefined;
  readonly #own = new Map<string, Lease>();
  #next: string;
  #known: Account | undefined;
  readonly #writes = new UnconfirmedWrites();
  #renewal: Promise<Outcome> | undefined;
  readonly #waiting = new Set<Need>();
  #refusal: Refusal | undefined;
  #sinceRenewal: Stopwatch;
  #largestPrice = 0n;
  #tight = false;
  #openLeases = 1;

  constructor(account: AccountId | Shard, terms: Terms, world: LeaseWorld) {
    this.clock = world.clock;
    this.#shard = typeof account === "string" ? undefined : account;
    this.#id = typeof account === "string" ? account : shardId(account);
    this.#terms = terms;
    this.#world = world;
    this.#next = world.newLeaseId();
    this.#sinceRenewal = Stopwatch.start(world.clock);
  }

  get isIdle(): boolean {
    return this.#waiting.size === 0 && [...this.#own.values()].every(({ inFlight }) => inFlight === 0);
  }

  get current(): Lease | undefined {
    return this.#current;
  }

  get known(): Account | undefined {
    return this.#known;
  }

  /** Those that hold here: all, or a shard's part of them. */
  get limits(): Limits {
    const terms = this.#terms;
    if (this.#shard === undefined) return terms.limits;
    if (this.#limits?.terms !== terms) this.#limits = { terms, limits: partOf(terms.limits) };
    return this.#limits.limits;
  }

  /** From memory; undefined when the store has to be asked. */
  tryHold(need: Need, terms: Terms, afterRenewal = false): Hold | undefined {
    this.#terms = terms;
    const lease = this.#current;
    if (lease === undefined || !lease.takesRequests) return undefined;
    const { limits } = this;
    lease.fill();
    if (!lease.fits(need, limits, afterRenewal)) return undefined;
    if (need.price > this.#largestPrice) this.#largestPrice = need.price;
    const hold = new Hold(lease, need, this, lease.tokensAtOnce(need.tokens, limits));
    this.refresh(lease);
    return hold;
  }

  /** Rejects when the store does not answer. */
  async hold(need: Need, terms: Terms): Promise<Held> {
    this.#waiting.add(need);
    try {
      for (let attempt = 0; attempt < LEASE_LIMITS.attempts; attempt++) {
        const refused = this.#stillRefused(need);
        if (refused !== undefined) return { type: "shortage", shortage: refused };
        const joined = this.#renewal;
        const outcome = await (joined ?? this.#renew());
        const hold = this.tryHold(need, terms, true);
        if (hold !== undefined) return { type: "held", hold };
        if (outcome?.type === "crowded") return outcome;
        if (outcome !== undefined && joined === undefined) {
          this.#refusal = { type: "shortage", shortage: outcome, need, age: Stopwatch.start(this.clock) };
        }
      }
      throw new Contention(this.#id);
    } finally {
      this.#waiting.delete(need);
    }
  }

  refresh(lease: Lease): void {
    const hasLimits = Object.keys(this.#terms.limits).length > 0;
    const after = hasLimits ? refreshSharesAfterMillis(this.#openLeases) : LEASE_LIMITS.refreshAfterMillis;
    if (lease.age.elapsedMillis(this.clock) >= after) this.#renewBehind();
  }

  async renewFor(): Promise<void> {
    await (this.#renewal ?? this.#renew());
  }

  released(): void {
    if (this.#refusal?.type === "shortage") this.#refusal = undefined;
    if (this.#tight) this.#renewBehind();
  }

  settled(): Promise<void> | undefined {
    return this.#renewal?.then(
      () => {},
      () => {},
    );
  }

  async close(): Promise<void> {
    await this.settled();
    if (this.#own.size > 0) await this.#renew(true);
  }

  #stillRefused(need: Need): Shortage | undefined {
    const refusal = this.#refusal;
    if (refusal === undefined) return undefined;
    const elapsed = refusal.age.elapsedMillis(this.clock);
    if (refusal.type === "unavailable") {
      if (elapsed < UNAVAILABLE_HOLDS_MILLIS) throw refusal.error;
      return undefined;
    }
    const { shortage, need: refused } = refusal;
    if (need === refused) return shortage;
    return elapsed < REFUSAL_HOLDS_MILLIS[shortage.type] && !maySucceed(need, shortage, refused) ? shortage : undefined;
  }

  /** What fails here is met again by the request that needs it. */
  #renewBehind(): void {
    if (this.#renewal !== undefined || this.#refusal?.type === "unavailable") return;
    this.#renew().then(undefined, () => {});
  }

  #renew(closing = false): Promise<Outcome> {
    const renewal = this.#renewOnce(closing)
      .catch((error: unknown) => {
        this.#known = undefined;
        // The store that is too busy for one request may have time for the next.
        if (!(error instanceof Contention)) {
          this.#refusal = { type: "unavailable", error, age: Stopwatch.start(this.clock) };
        }
        throw error;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    this.#renewal = renewal;
    return renewal;
  }

  async #renewOnce(closing: boolean): Promise<Outcome> {
    // Where others write too, what is remembered is old: a refused write costs as much as one that counts.
    const remembered = this.#known;
    let fresh = remembered === undefined || Object.keys(remembered.leases).some((id) => !this.#own.has(id));
    let account = fresh || remembered === undefined ? await this.#read() : remembered;
    if (!closing && this.#isCrowded(account)) {
      // What runs here may go on here.
      if (this.#own.size > 0) await this.#renewOnce(true);
      return { type: "crowded" };
    }
    let funded = closing;
    for (let attempt = 0; attempt < LEASE_LIMITS.attempts; attempt++) {
      // Before anything else: what is written as the end of the lease must not be sooner than what is believed here.
      const sent = Stopwatch.start(this.clock);
      const renewed = renew(account, {
        nowMillis: sent.epochMillis,
        terms: { ...this.#terms, limits: this.limits },
        own: [...this.#own.values()],
        current: this.#current?.id,
        next: this.#next,
        needs: this.#needs(),
        closing,
      });
      const dayInNeed = funded ? undefined : this.#dayInNeed(account, renewed);
      if (dayInNeed !== undefined && fresh) {
        this.#allotted = await this.#fund(account, dayInNeed);
        account = { ...account, allotted: this.#allotted };
        funded = true;
        continue;
      }
      if (renewed.futile && fresh) return renewed.shortage;
      if (!renewed.futile && dayInNeed === undefined) {
        this.#writes.add(account.revision, renewed.account, [...this.#own.keys()]);
        for (const lease of this.#own.values()) lease.limitBy(this.#writes.boundsOf(lease.id));
        const outcome = await this.#world.store.write(this.#id, renewed.account);
        if (outcome === "written") return this.#confirm(renewed.account, renewed.current, sent, renewed);
      }
      if (this.#nobodyWaitsAnyMore()) break;
      await this.#pause(attempt);
      account = await this.#read();
      fresh = true;
    }
    throw new Contention(this.#id);
  }

  /** Everybody who waited has run out of time; a renewal that nobody waits for goes on. */
  #nobodyWaitsAnyMore(): boolean {
    const now = this.clock.epochMillis();
    return this.#waiting.size > 0 && [...this.#waiting].every(({ deadlineMillis }) => deadlineMillis <= now);
  }

  /** An account that has shards takes no new requests itself, so that limits can be divided by shards. */
  #isCrowded({ leases, shards }: Account): boolean {
    if (this.#shard !== undefined) return false;
    if (Object.keys(shards).length > 0) return true;
    if (this.#own.size > 0) return false;
    const now = this.clock.epochMillis();
    const live = Object.values(leases).filter(({ expiresAtMillis }) => expiresAtMillis > now);
    return live.length >= (this.#world.leasesPerItem ?? LEASE_LIMITS.leasesPerItem);
  }

  /** The day for which a shard has too little money, or was never given any. */
  #dayInNeed({ allotted, day }: Account, { isShort, unmet }: Renewed): string | undefined {
    if (allotted === undefined) return undefined;
    if (unmet !== undefined) return unmet;
    const today = later(day, dayOf(this.clock.epochMillis()));
    return isShort || allotted[today] === undefined ? today : undefined;
  }

  #fund(account: Account, day: string): Promise<Readonly<Record<string, bigint>>> {
    const { cap, wanted } = this.#needs();
    const extensions = [...this.#own.values()].reduce((sum, { extension }) => sum + extension, 0n);
    const nowMillis = this.clock.epochMillis();
    const request = { terms: this.#terms, day, cap, wanted: wanted + extensions, nowMillis };
    return fundStoredShard(this.#world.store, this.#shard as Shard, account, request, (attempt) =>
      this.#pause(attempt),
    );
  }

  #confirm(
    account: Account,
    current: string,
    sent: Stopwatch,
    { shortage, tight }: { shortage: Shortage | undefined; tight: boolean },
  ) {
    this.#writes.confirmed();
    this.#absorb(account);
    for (const lease of this.#own.values()) {
      lease.age = sent;
      lease.peak = lease.inFlight;
      lease.requestsSince = 0;
      lease.tokensSince = 0;
      lease.spentSince = 0n;
    }
    this.#current = this.#own.get(current);
    this.#sinceRenewal = sent;
    this.#tight = tight;
    if (this.#refusal?.type === "unavailable") this.#refusal = undefined;
    return shortage;
  }

  async #read(): Promise<Account> {
    const stored = await this.#world.store.read(this.#id);
    const account = this.#shard === undefined ? stored : withAllotment(stored, this.#allotted);
    this.#writes.seen(account.revision);
    this.#absorb(account);
    return account;
  }

  /** Own entries as they are stored, those of a write included whose reply was lost. */
  #absorb(account: Account): void {
    this.#known = account;
    this.#openLeases = Object.keys(account.leases).length;
    for (const [id, lease] of this.#own) {
      const entry = account.leases[id];
      if (entry === undefined) {
        lease.gone = true;
        this.#own.delete(id);
        if (this.#current === lease) this.#current = undefined;
      } else {
        lease.fill();
        lease.adopt(entry, this.#writes.boundsOf(id));
      }
    }
    const entry = account.leases[this.#next];
    if (entry === undefined) return;
    const lease = new Lease(this.#next, entry, this.clock);
    lease.adopt(entry, this.#writes.boundsOf(lease.id));
    this.#own.set(lease.id, lease);
    this.#current = lease;
    this.#next = this.#world.newLeaseId();
  }

  #needs(): Needs {
    this.#current?.fill();
    return needsOf({
      waiting: [...this.#waiting],
      lease: this.#current,
      limits: this.limits,
      largestPrice: this.#largestPrice,
      elapsedMillis: this.#sinceRenewal.elapsedMillis(this.clock),
    });
  }

  #pause(attempt: number): Promise<void> | undefined {
    if (attempt === 0) return undefined;
    const millis =
      this.#world.random() * LEASE_LIMITS.retryWaitMillis * 2 ** Math.min(attempt - 1, LEASE_LIMITS.doublings);
    return new Promise((resolve) => void this.clock.after(millis, resolve));
  }
}

function maySucceed(need: Need, shortage: Shortage, refused: Need): boolean {
  if (shortage.type !== "budget") return need.tokens < refused.tokens;
  const { freePicodollars: free } = shortage;
  return need.price <= free || (need.partial && free > 0n);
}
