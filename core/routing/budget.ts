/**
 * Extra work (retries, duplicates) as a share of the work that comes in: in an outage a service that answers each failure with
 * another request makes it worse. A bucket that requests fill and extras empty; the reserve lets quiet services try at all.
 * https://finagle.github.io/blog/2016/02/08/retry-budgets/
 */
export interface ExtraWorkBudget {
  /** A request came in. */
  deposit(): void;
  /** Whether one more may be done; takes it if so. */
  withdraw(): boolean;
}

export interface ExtraWorkLimits {
  /** Extras per request, over time. */
  readonly share: number;
  /** Extras that may be done at once; also what a new process has. */
  readonly reserve: number;
}

export const RETRY_LIMITS: ExtraWorkLimits = { share: 0.1, reserve: 5 };
export const HEDGE_LIMITS: ExtraWorkLimits = { share: 0.05, reserve: 2 };

export function createExtraWorkBudget({ share, reserve }: ExtraWorkLimits): ExtraWorkBudget {
  let balance = reserve;
  return {
    deposit() {
      balance = Math.min(reserve, balance + share);
    },
    withdraw() {
      // Sums of a tenth are not whole to the last bit.
      if (balance < 1 - 1e-9) return false;
      balance -= 1;
      return true;
    },
  };
}
