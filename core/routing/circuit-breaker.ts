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

const SLICE_MILLIS = 3_000;

interface Slice {
  readonly at: number;
  outcomes: number;
  failures: number;
}

type State =
  | { readonly type: "closed" }
  | { readonly type: "open"; readonly untilMillis: number; readonly forMillis: number }
  | { readonly type: "trying"; readonly forMillis: number };

export function createCircuitBreaker(): CircuitBreaker {
  let state: State = { type: "closed" };
  /** Oldest first; a few of them, however many requests there are. */
  let slices: Slice[] = [];

  function record(at: number, failed: boolean): void {
    let slice = slices.at(-1);
    if (slice === undefined || at >= slice.at + SLICE_MILLIS) {
      slice = { at, outcomes: 0, failures: 0 };
      slices = [...slices.filter((known) => known.at + BREAKER_LIMITS.windowMillis >= at), slice];
    }
    slice.outcomes++;
    slice.failures += Number(failed);
  }

  function open(nowMillis: number, forMillis: number): void {
    slices = [];
    state = { type: "open", untilMillis: nowMillis + forMillis, forMillis };
  }

  const failsMostly = (): boolean => {
    const outcomes = slices.reduce((sum, slice) => sum + slice.outcomes, 0);
    const failures = slices.reduce((sum, slice) => sum + slice.failures, 0);
    return outcomes >= BREAKER_LIMITS.fewestOutcomes && failures >= outcomes * BREAKER_LIMITS.failureShare;
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
        slices = [];
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
