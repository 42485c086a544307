/**
 * Whether a request may run under its tenant's and its key's budgets and limits. The promise: the sum of what is charged
 * never exceeds a hard budget, on any route, whatever runs at the same time.
 *
 * In the usual case `admit`, `spend` and `settle` answer at once, from a lease in memory; a Promise means that the lease has
 * to be renewed first.
 */
import type { TenantTerms } from "../tenants/terms.ts";

export interface Demand {
  readonly tenant: string;
  /** SHA-256 of the key, hex: whose own budget and limits count too. */
  readonly keyHash: string;
  readonly terms: TenantTerms;
  readonly requestId: string;
  /** The most that this request can cost; a request that is no stream runs only when that much is free. */
  readonly maximumPricePicodollars: bigint;
  /** Tokens in and out that it will probably take; corrected when it settles. */
  readonly estimatedTokens: number;
  /** Epoch milliseconds after which nobody waits any more; at most 15 minutes ahead. Nothing can be charged after it. */
  readonly deadlineMillis: number;
  /** A stream may start with less than its maximum and ends where the budget does. */
  readonly stream: boolean;
}

export interface Admission {
  /**
   * Throws (or rejects with) `rate_limited`, `budget_exceeded`, or `dependency_unavailable` when no lease is open and the
   * store does not answer.
   */
  admit(demand: Demand): Grant | Promise<Grant>;
  /** Resolves when writes under way are done; undefined when there are none. */
  settled(): Promise<void> | undefined;
  /** Gives leases back, as far as the store answers. */
  close(): Promise<void>;
}

/** `reached`: the budget ends before this price; what was approved before stands, the event in question must not go out. */
export type Spending = "go-on" | "reached";

/** Names of open leases, for the usage line: the reconciler finds by them what a dead process has charged. */
export interface LeaseNames {
  /** Of the tenant. */
  readonly lease?: string;
  /** Of the key, when it has terms of its own. */
  readonly keyLease?: string;
}

export interface Grant {
  readonly leases: LeaseNames;
  /**
   * Asked by streams before an event goes out, with the price and tokens of everything up to and including it. May reject
   * with `dependency_unavailable` when the lease is used up and the store does not answer.
   */
  spend(priceSoFarPicodollars: bigint, tokensSoFar: number): Spending | Promise<Spending>;
  /**
   * Ends the request, exactly once (later calls change nothing): price 0 when it failed. Answers what is charged, which the
   * usage line must say: the price, or less where less was approved, or 0 after the deadline.
   */
  settle(pricePicodollars: bigint, tokens: number): bigint;
  /**
   * `x-ratelimit-*` as OpenAI sends them, of the tighter of tenant and key; no header for a limit that is not set. And
   * `x-farthing-budget-exceeded: daily, monthly` where a soft budget is.
   */
  headers(): Readonly<Record<string, string>>;
}
