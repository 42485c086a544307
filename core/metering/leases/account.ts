/**
 * What is stored of a tenant's or a key's budget and limits: one record, changed by one conditional write at a time. It is
 * the only truth; what an environment holds in memory is a copy of its own entry.
 */
export interface Account {
  /** Grows by one with every write; a write names the one that it read. */
  readonly revision: number;
  /** The latest day that any writer has seen; it never goes back, whatever the clocks say. */
  readonly day: string;
  /** Settled charges by window (`2026-11-24`, `2026-11`); windows end when they are past and no lease counts in them. */
  readonly charged: Readonly<Record<string, bigint>>;
  /** Open leases by name. */
  readonly leases: Readonly<Record<string, LeaseEntry>>;
  /** Rate that no lease has, as it has piled up. */
  readonly requests: Pile;
  readonly tokens: Pile;
  /** Of an account with shards: what each has been given, by its number and by day; totals, which only grow. */
  readonly shards: Readonly<Record<string, Readonly<Record<string, bigint>>>>;
  /** Of a shard: the same, as it last saw it. Undefined: not a shard. */
  readonly allotted: Readonly<Record<string, bigint>> | undefined;
}

/**
 * One environment's lease. All amounts are totals since the lease began, so that writing the same twice, or reading what one's
 * own lost write has left, counts nothing twice.
 */
export interface LeaseEntry {
  /** Charges of this lease count in this day and its month. */
  readonly day: string;
  readonly startedAtMillis: number;
  /** Until then new requests may use it. Money stays withheld after it, rates and slots do not. */
  readonly expiresAtMillis: number;
  readonly grantedPicodollars: bigint;
  /** The part of it that `charged` already counts. */
  readonly settledPicodollars: bigint;
  /** Shares of the limits, and what was taken at once from the piles. */
  readonly requestsPerSecond: number;
  readonly requestsTaken: number;
  readonly tokensPerSecond: number;
  readonly tokensTaken: number;
  readonly slots: number;
}

/** Absent level: never used, so full. */
export interface Pile {
  readonly level: number | undefined;
  readonly atMillis: number;
}

export const NEW_ACCOUNT: Account = {
  revision: 0,
  day: "",
  charged: {},
  leases: {},
  requests: { level: undefined, atMillis: 0 },
  tokens: { level: undefined, atMillis: 0 },
  shards: {},
  allotted: undefined,
};

/** What a lease still withholds. */
export const withheld = (entry: LeaseEntry): bigint => entry.grantedPicodollars - entry.settledPicodollars;

export type Commitments = Pick<Account, "charged" | "leases" | "shards">;

/** `charged` and everything withheld, in one window. */
export function committed(account: Commitments, window: string): bigint {
  let sum = account.charged[window] ?? 0n;
  for (const entry of Object.values(account.leases)) {
    if (entry.day.startsWith(window)) sum += withheld(entry);
  }
  for (const days of Object.values(account.shards)) {
    for (const [day, amount] of Object.entries(days)) if (day.startsWith(window)) sum += amount;
  }
  return sum;
}
