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
  const states = new Map<string, TargetState>();
  return {
    of({ target, model }) {
      const name = `${target.name}/${model.name}`;
      let state = states.get(name);
      if (state === undefined) {
        state = { breaker: createCircuitBreaker(), latencies: createLatencyWindow() };
        states.set(name, state);
      }
      return state;
    },
  };
}
