/** What a renewal asks for and what it brings: pure data between an environment and an account. */
import type { Terms } from "../../tenants/terms.ts";
import type { Account } from "./account.ts";

export interface OwnLease {
  readonly id: string;
  /** Charged under this lease since it began. */
  readonly spent: bigint;
  /** Approved for requests that still run. */
  readonly held: bigint;
  /** Requests that run under it. */
  readonly inFlight: number;
  /** More money for streams that run under it. */
  readonly extension: bigint;
}

export interface Needs {
  /** Whether a request waits; without one the renewal only settles and refreshes. */
  readonly requests: number;
  /** The smallest price that is of use, and all that is waited for. */
  readonly minimum: bigint;
  readonly wanted: bigint;
  /** Most that one lease should withhold. */
  readonly cap: bigint;
  /** Beyond what the local buckets hold, for the first who waits. */
  readonly requestTokens: number;
  readonly tokens: number;
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  /** Requests that run or wait. */
  readonly slots: number;
  /** Most that ran at once since the last renewal. */
  readonly peakSlots: number;
}

export interface RenewalRequest {
  readonly nowMillis: number;
  readonly terms: Terms;
  readonly own: readonly OwnLease[];
  /** The lease that new requests use; another takes its place when its day or its time is over. */
  readonly current: string | undefined;
  /** Name of that other. */
  readonly next: string;
  readonly needs: Needs;
  /** Ends every lease without running requests, and gives back what is not held. */
  readonly closing: boolean;
}

export type Shortage =
  | {
      readonly type: "budget";
      readonly period: "daily" | "monthly";
      readonly retryAfterMillis: number;
      /** What a smaller request may still have. */
      readonly freePicodollars: bigint;
    }
  | {
      readonly type: "requests" | "tokens" | "concurrency";
      readonly retryAfterMillis: number;
    };

export interface Renewed {
  /** To be written. */
  readonly account: Account;
  /** The lease for new requests. */
  readonly current: string;
  /** Why no waiting request can run. */
  readonly shortage: Shortage | undefined;
  /** Day of a lease whose streams did not get all that they asked for. */
  readonly unmet: string | undefined;
  /** Nothing was granted to anybody: not worth a write. */
  readonly futile: boolean;
  /** So little money is left that a lease's slice is less than a request. */
  readonly isShort: boolean;
  /** So little is left that what a request does not use should go back at once. */
  readonly tight: boolean;
}
