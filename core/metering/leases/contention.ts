import { LEASE_LIMITS } from "./lease-limits.ts";

/** The store answers, but others write the same account all the time. */
export class Contention extends Error {
  constructor(account: string) {
    super(`${account}: others wrote it at each of ${LEASE_LIMITS.attempts} attempts`);
  }
}
