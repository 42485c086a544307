/** How often guesses of one text come true, by the length of their match; and how many tokens to verify at once for it. */
import { LONGEST_MATCH, SHORTEST_MATCH } from "./prompt-lookup.ts";

export interface Acceptance {
  /** Whether a token that was guessed from `matched` tokens came. */
  observe(matched: number, came: boolean): void;
  /**
   * How many of `most` guessed tokens to verify, so that tokens come fastest; 0: guessing does not pay.
   * `millisOf`: what a run of so many tokens takes.
   */
  worthwhile(matched: number, most: number, millisOf: (tokens: number) => number): number;
}

export const ACCEPTANCE = {
  /** What is assumed before anything was seen, from the shortest match to the longest (measured: docs/decisions). */
  assumed: [0.35, 0.5, 0.6, 0.65, 0.7],
  /** For how many observations that stands. */
  assumedWeight: 4,
  /** Weight of an observation after each later one: a text changes. */
  decay: 0.9,
  /** By how much a run of several must be faster per token, by these estimates. */
  leastGain: 1.05,
} as const;

export function createAcceptance(): Acceptance {
  const counts = ACCEPTANCE.assumed.map((share) => ({
    weight: ACCEPTANCE.assumedWeight as number,
    came: share * ACCEPTANCE.assumedWeight,
  }));
  const countOf = (matched: number) =>
    counts[Math.min(Math.max(matched, SHORTEST_MATCH), LONGEST_MATCH) - SHORTEST_MATCH] as (typeof counts)[0];

  return {
    observe(matched, came) {
      const count = countOf(matched);
      count.weight = count.weight * ACCEPTANCE.decay + 1;
      count.came = count.came * ACCEPTANCE.decay + (came ? 1 : 0);
    },
    worthwhile(matched, most, millisOf) {
      const alone = 1 / millisOf(1);
      let best = 0;
      let fastest = alone * ACCEPTANCE.leastGain;
      let tokens = 1;
      let chance = 1;
      for (let guessed = 1; guessed <= most; guessed++) {
        const { weight, came } = countOf(matched + guessed - 1);
        chance *= came / weight;
        tokens += chance;
        const speed = tokens / millisOf(1 + guessed);
        if (speed > fastest) {
          fastest = speed;
          best = guessed;
        }
      }
      return best;
    },
  };
}
