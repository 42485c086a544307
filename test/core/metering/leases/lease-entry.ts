import type { LeaseEntry } from "../../../../core/metering/leases/account.ts";

type Window = Pick<LeaseEntry, "day" | "startedAtMillis" | "expiresAtMillis">;

/** A lease of money alone, a third of it settled, unless said otherwise. */
export const leaseEntry = (entry: Window & Partial<LeaseEntry>): LeaseEntry => ({
  grantedPicodollars: 30n,
  settledPicodollars: 10n,
  requestsPerSecond: 0,
  requestsTaken: 0,
  tokensPerSecond: 0,
  tokensTaken: 0,
  slots: 0,
  ...entry,
});
