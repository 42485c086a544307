/**
 * Does a graph give the same logits for tokens that are read together, in pairs and alone? A graph is believed when it has
 * shown it, on this very processor: once, the end of a prompt is read again in steps. Quantisation by ranges of the whole
 * input makes the answer no; kernels for one row that add up in another order, nearly.
 */
import type { Reading } from "./causal-graph.ts";

export interface Steadiness {
  /** `same`: bit for bit; `close`: all but rounding; undefined: not known yet. */
  readonly known: "same" | "close" | "other" | undefined;
  /**
   * Finds out, if it is not known and the prompt is long enough. `reading` holds the prompt, `logits` are those of the token
   * after it; the reading is steady afterwards, and holds the prompt again.
   */
  find(reading: Reading, prompt: readonly number[], logits: Float32Array): Promise<void>;
}

/** In these steps. */
const STEPS = [2, 1, 1];
const STEPPED_TOKENS = STEPS.reduce((sum, step) => sum + step);
/** Of the largest logit. */
const ROUNDING = 1e-4;

export function createSteadiness(): Steadiness {
  let known: Steadiness["known"];
  let isFinding = false;
  return {
    get known() {
      return known;
    },
    async find(reading, prompt, logits) {
      if (known !== undefined || isFinding || prompt.length < 2 * STEPPED_TOKENS) return;
      isFinding = true;
      try {
        reading.setSteady(true);
        let at = prompt.length - STEPPED_TOKENS;
        reading.cutTo(at);
        let again = logits;
        for (const step of STEPS) {
          again = await reading.read(prompt.slice(at, at + step));
          at += step;
        }
        known = compared(logits, again);
      } catch {
        // It says nothing about the request, whose text is made; the next one may find out.
      } finally {
        isFinding = false;
      }
    },
  };
}

function compared(together: Float32Array, stepwise: Float32Array): "same" | "close" | "other" {
  let largest = 0;
  let difference = 0;
  for (let at = 0; at < together.length; at++) {
    const value = together[at] as number;
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - (stepwise[at] as number)));
  }
  if (difference === 0) return "same";
  return difference <= ROUNDING * largest ? "close" : "other";
}
