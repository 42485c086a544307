/**
 * One lease as its environment holds it in memory: what the store has confirmed, what was spent of it, and what runs. Nothing
 * here waits.
 */
import type { Clock } from "../../serving/clock.ts";
import type { Limits } from "../../tenants/terms.ts";
import type { LeaseEntry } from "./account.ts";
import { LEASE_LIMITS } from "./lease-limits.ts";
import { Stopwatch } from "./stopwatch.ts";
import { endOfDay } from "./windows.ts";

export interface Need {
  readonly price: bigint;
  /** A stream starts with less, if there is no more. */
  readonly partial: boolean;
  readonly tokens: number;
  readonly deadlineMillis: number;
}

/** The bounds of an entry; while a write is under way, or its outcome unknown, the lower of before and after counts. */
export type Bounds = Pick<LeaseEntry, "grantedPicodollars" | "requestsPerSecond" | "tokensPerSecond" | "slots">;

export class Lease {
  readonly id: string;
  readonly day: string;
  readonly startedAtMillis: number;
  spent = 0n;
  held = 0n;
  inFlight = 0;
  /** The most of them since the last renewal. */
  peak = 0;
  /** Money that streams under this lease wait for. */
  extension = 0n;
  /** Requests let in since the last renewal, for the rate that the next one asks for. */
  requestsSince = 0;
  tokensSince = 0;
  spentSince = 0n;
  /** Removed by the reconciler: what still runs under it cannot be charged. */
  gone = false;
  requestLevel = 0;
  tokenLevel = 0;
  /** Since the renewal in force was sent. */
  age: Stopwatch;
  readonly #clock: Clock;
  readonly #dayEndsAtMillis: number;
  #taken: Pick<LeaseEntry, "requestsTaken" | "tokensTaken"> = { requestsTaken: 0, tokensTaken: 0 };
  #confirmed: Bounds = NOTHING;
  #bounds: Bounds = NOTHING;
  #filledAtMillis: number;
  /** A write that gives it up is under way. */
  #mayEnd = false;

  constructor(id: string, entry: LeaseEntry, clock: Clock) {
    this.id = id;
    this.day = entry.day;
    this.#dayEndsAtMillis = endOfDay(entry.day);
    this.startedAtMillis = entry.startedAtMillis;
    this.#clock = clock;
    this.#filledAtMillis = clock.monotonicMillis();
    this.age = Stopwatch.expired;
  }

  get bounds(): Bounds {
    return this.#bounds;
  }

  get headroom(): bigint {
    return this.#bounds.grantedPicodollars - this.spent - this.held;
  }

  /** Asked before every new hold: a process may have been frozen for hours since the line before. */
  get isOpen(): boolean {
    return !this.gone && this.age.elapsedMillis(this.#clock) < LEASE_LIMITS.lifeMillis;
  }

  get takesRequests(): boolean {
    return this.isOpen && !this.#mayEnd && this.#clock.epochMillis() < this.#dayEndsAtMillis;
  }

  /** The entry as the store has it, and the writes that may yet change it. */
  adopt(entry: LeaseEntry, possible: readonly Bounds[]): void {
    this.requestLevel += entry.requestsTaken - this.#taken.requestsTaken;
    this.tokenLevel += entry.tokensTaken - this.#taken.tokensTaken;
    this.#taken = entry;
    this.#confirmed = entry;
    this.limitBy(possible);
  }

  /** Until it is known which of these are in force. */
  limitBy(possible: readonly Bounds[]): void {
    this.#mayEnd = possible.includes(NOTHING);
    this.#bounds = possible.reduce(lower, this.#confirmed);
  }

  /** Called before shares change and before buckets are looked at. */
  fill(): void {
    const now = this.#clock.monotonicMillis();
    const seconds = Math.max(0, now - this.#filledAtMillis) / 1000;
    this.#filledAtMillis = now;
    if (!this.isOpen) return;
    const { requestsPerSecond, tokensPerSecond } = this.#bounds;
    this.requestLevel = filled(this.requestLevel, seconds * requestsPerSecond, Math.max(1, requestsPerSecond));
    this.tokenLevel = filled(this.tokenLevel, seconds * tokensPerSecond, 60 * tokensPerSecond);
  }

  fits({ price, partial, tokens }: Need, limits: Limits, afterRenewal: boolean): boolean {
    if (limits.requestsPerSecond !== undefined && this.requestLevel < 1) return false;
    if (limits.tokensPerMinute !== undefined && this.tokenLevel < this.tokensAtOnce(tokens, limits)) return false;
    if (limits.concurrency !== undefined && this.inFlight >= this.#bounds.slots) return false;
    return this.headroom >= price || (partial && afterRenewal && this.headroom > 0n);
  }

  /** A request of more tokens than ever pile up passes when the bucket is as full as it gets. */
  tokensAtOnce(tokens: number, limits: Limits): number {
    return Math.min(tokens, limits.tokensPerMinute ?? tokens);
  }
}

/** Of a lease that is not there. */
export const NOTHING: Bounds = { grantedPicodollars: 0n, requestsPerSecond: 0, tokensPerSecond: 0, slots: 0 };

const lower = (a: Bounds, b: Bounds): Bounds => ({
  grantedPicodollars: a.grantedPicodollars < b.grantedPicodollars ? a.grantedPicodollars : b.grantedPicodollars,
  requestsPerSecond: Math.min(a.requestsPerSecond, b.requestsPerSecond),
  tokensPerSecond: Math.min(a.tokensPerSecond, b.tokensPerSecond),
  slots: Math.min(a.slots, b.slots),
});

/** What was taken at once may lie above the brim; a share fills up to it. */
const filled = (level: number, more: number, brim: number): number => Math.max(level, Math.min(brim, level + more));
