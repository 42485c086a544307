/** What this process has learned about each target, for each model there: one may fail while another answers. */
import type { Candidate } from "./candidate.ts";
import { type CircuitBreaker, createCircuitBreaker } from "./circuit-breaker.ts";
import { createLatencyWindow, type LatencyWindow } from "./latency-window.ts";

export interface TargetState {
  readonly breaker: CircuitBreaker;
  /** Milliseconds to the first event, or to a whole answer. */
  readonly latencies: LatencyWindow;
}

export interface TargetStates {
  of(candidate: Candidate): TargetState;
}

export function createTargetStates(): TargetStates {
  /** Target name → model name → state: two look-ups cost less than a name made of both. */
  const states = new Map<string, Map<string, TargetState>>();
  return {
    of({ target, model }) {
      let ofTarget = states.get(target.name);
      if (ofTarget === undefined) {
        ofTarget = new Map();
        states.set(target.name, ofTarget);
      }
      let state = ofTarget.get(model.name);
      if (state === undefined) {
        state = { breaker: createCircuitBreaker(), latencies: createLatencyWindow() };
        ofTarget.set(model.name, state);
      }
      return state;
    },
  };
}
