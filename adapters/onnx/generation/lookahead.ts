/**
 * Reads a choice token by token, and where the text seems to repeat itself several tokens in one run. The caller notices
 * nothing: each token that it has chosen gets the logits after it. They were made before it was chosen if the guess was
 * right; what followed a wrong guess is forgotten. Since steady runs (steady-attention.ts) give the same logits either
 * way, the text is the same: greedy, or sampled by the same random numbers, one for each token. (Choosing first and comparing
 * then is the rule of accepting and resampling, for guesses that are certain of themselves.)
 */
import type { DurationLaw } from "../batching/duration-law.ts";
import { createAcceptance } from "./acceptance.ts";
import type { Reading } from "./causal-graph.ts";
import { type Guess, promptLookup } from "./prompt-lookup.ts";

export interface LookaheadParts {
  /** All that was read so far. */
  readonly prompt: readonly number[];
  readonly reading: Reading;
  /** Reads in one run; throws when the request is over. */
  readEach(ids: readonly number[]): Promise<readonly Float32Array[]>;
  /** Several tokens may be read at once: that is known to give the same logits. */
  readonly mayReadAhead: boolean;
  /** How long runs take, by their number of tokens. */
  readonly law: DurationLaw;
}

/** `reading` may hold more than what was asked for. */
export interface Lookahead {
  /** The logits of the token after `token`. `mostGuesses`: tokens beyond it that the caller may still want. */
  after(token: number, mostGuesses: number): Promise<Float32Array>;
}

/** More than this many at once never paid (measured). */
export const MOST_GUESSES = 8;

export function lookahead({ prompt, reading, readEach, mayReadAhead, law }: LookaheadParts): Lookahead {
  const lookup = promptLookup(prompt);
  const acceptance = createAcceptance();
  /** Tokens that were asked for, all of them read. */
  let length = reading.length;
  /** Read ahead: what was guessed, and what follows. */
  let ahead: { readonly token: number; readonly logits: Float32Array; readonly matched: number }[] = [];
  /** The last guess, whether it was read or not: what comes next tells how good it was. */
  let guessed: { readonly token: number; readonly matched: number } | undefined;

  function forget(): void {
    ahead = [];
    if (reading.length > length) reading.cutTo(length);
  }

  const millisOf = (tokens: number): number => law.estimate(tokens) ?? tokens;

  async function readAlone(token: number): Promise<Float32Array> {
    const [logits] = (await readEach([token])) as readonly [Float32Array];
    length++;
    return logits;
  }

  async function readAhead(token: number, { ids, matched }: Guess): Promise<Float32Array> {
    const [first, ...others] = (await readEach([token, ...ids])) as readonly [Float32Array, ...Float32Array[]];
    length++;
    ahead = others.map((logits, at) => ({ token: ids[at] as number, logits, matched: matched + at }));
    return first;
  }

  return {
    async after(token, mostGuesses) {
      if (guessed !== undefined) acceptance.observe(guessed.matched, guessed.token === token);
      guessed = undefined;
      lookup.push(token);
      const next = ahead.shift();
      if (next?.token === token) {
        length++;
        guessed = ahead[0];
        return next.logits;
      }
      forget();
      const guess = lookup.guess(Math.min(MOST_GUESSES, mostGuesses));
      const [first] = guess?.ids ?? [];
      if (guess === undefined || first === undefined) return readAlone(token);
      guessed = { token: first, matched: guess.matched };
      const { ids, matched } = guess;
      const count = mayReadAhead ? acceptance.worthwhile(matched, ids.length, millisOf) : 0;
      return count === 0 ? readAlone(token) : readAhead(token, { ids: ids.slice(0, count), matched });
    },
  };
}
