/** Times and sizes of leases. */
export const LEASE_LIMITS = {
  /** What a lease may spend without asking again, and how long the store may be away without a request noticing. */
  lifeMillis: 60_000,
  /** From here on a lease with rate limits is renewed behind a request's back: shares follow the traffic. */
  refreshSharesAfterMillis: 5_000,
  /** The same for a lease of money only. */
  refreshAfterMillis: 30_000,
  /** From this many open leases on shares are refreshed less often: their writes meet on one item. */
  refreshingLeases: 40,
  /**
   * No request runs longer: https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html, and nothing is charged
   * after it.
   */
  maxRequestMillis: 15 * 60_000,
  /** How far two clocks may be apart. Amazon's time service keeps within a millisecond; a process may also see a step late. */
  clockSkewMillis: 5_000,
  /** A lease name is used this long; the reconciler reads the usage lines of at most that time and one request. */
  nameForMillis: 60 * 60_000,
  /** Lease size = what remains ÷ (this × open leases). */
  slicesPerOpenLease: 4n,
  /** At most this many of the largest waiting request, unless more was spent lately. */
  capInRequests: 16n,
  /** Writers of one account meet; whoever loses reads again, as long as somebody waits for it. */
  attempts: 32,
  /**
   * Wait before the third try, times a random number below 1; doubled so many times for those after it: a thousand environments that
   * start at once spread over seconds.
   */
  retryWaitMillis: 40,
  doublings: 5,
  /**
   * Leases that one item bears: at 64 it has 7 kB, and a refresh of each every 8 s takes 56 of the 1,000 write units per second
   * of a partition. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
   */
  leasesPerItem: 64,
  /** Accounts that one environment remembers. */
  accounts: 4_096,
} as const;

/** When the reconciler may settle a lease: every request that it let in is over, by any clock. */
export const settleableAfterMillis = (expiresAtMillis: number): number =>
  expiresAtMillis + LEASE_LIMITS.maxRequestMillis + 2 * LEASE_LIMITS.clockSkewMillis;

export const refreshSharesAfterMillis = (openLeases: number): number =>
  Math.min(
    LEASE_LIMITS.refreshAfterMillis,
    LEASE_LIMITS.refreshSharesAfterMillis * Math.max(1, openLeases / LEASE_LIMITS.refreshingLeases),
  );
