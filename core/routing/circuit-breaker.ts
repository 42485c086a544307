/**
 * Stops asking a target that fails: most of a window's requests failed → `open`, nobody is sent there for a while → one request
 * tries → closed again, or open for twice as long. State of one process; time comes in as an argument.
 * https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
 */
export const BREAKER_LIMITS = {
  /** Outcomes older than this do not count. */
  windowMillis: 30_000,
  /** Fewer than these in the window say nothing. */
  fewestOutcomes: 5,
  /** Open from this share of failures on. */
  failureShare: 0.5,
  openForMillis: 2_000,
  longestOpenMillis: 60_000,
} as const;

export interface CircuitBreaker {
  /** Whether a request may go there now. In half-open state the first one that asks is the trial. */
  admits(nowMillis: number): boolean;
  succeeded(nowMillis: number): void;
  failed(nowMillis: number): void;
  /** The request that was admitted ended without a verdict on the target: a bad request, a caller who left. */
  released(): void;
  /** Milliseconds until the next trial; 0 when it admits. */
  closedInMillis(nowMillis: number): number;
}

type State =
  | { readonly type: "closed" }
  | { readonly type: "open"; readonly untilMillis: number; readonly forMillis: number }
  | { readonly type: "trying"; readonly forMillis: number };

export function createCircuitBreaker(): CircuitBreaker {
  let state: State = { type: "closed" };
  let outcomes: { readonly at: number; readonly failed: boolean }[] = [];

  function record(at: number, failed: boolean): void {
    outcomes.push({ at, failed });
    const oldest = at - BREAKER_LIMITS.windowMillis;
    if ((outcomes[0] as { at: number }).at < oldest) outcomes = outcomes.filter((outcome) => outcome.at >= oldest);
  }

  function open(nowMillis: number, forMillis: number): void {
    outcomes = [];
    state = { type: "open", untilMillis: nowMillis + forMillis, forMillis };
  }

  const failsMostly = (): boolean => {
    if (outcomes.length < BREAKER_LIMITS.fewestOutcomes) return false;
    const failures = outcomes.reduce((sum, { failed }) => sum + Number(failed), 0);
    return failures >= outcomes.length * BREAKER_LIMITS.failureShare;
  };

  return {
    admits(nowMillis) {
      if (state.type === "closed") return true;
      if (state.type === "trying" || nowMillis < state.untilMillis) return false;
      state = { type: "trying", forMillis: state.forMillis };
      return true;
    },
    succeeded(nowMillis) {
      if (state.type === "closed") record(nowMillis, false);
      else {
        outcomes = [];
        state = { type: "closed" };
      }
    },
    failed(nowMillis) {
      if (state.type === "trying") {
        open(nowMillis, Math.min(2 * state.forMillis, BREAKER_LIMITS.longestOpenMillis));
      } else if (state.type === "closed") {
        record(nowMillis, true);
        if (failsMostly()) open(nowMillis, BREAKER_LIMITS.openForMillis);
      }
    },
    released() {
      // The trial said nothing: the next request may try.
      if (state.type === "trying") state = { type: "open", untilMillis: 0, forMillis: state.forMillis };
    },
    closedInMillis: (nowMillis) => (state.type === "open" ? Math.max(0, state.untilMillis - nowMillis) : 0),
  };
}
