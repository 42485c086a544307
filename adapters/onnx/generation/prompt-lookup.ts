/**
 * Guesses what comes next from what was there before: where the last tokens stood earlier in the text, what followed them
 * then. Summaries, extracts and edits repeat their prompt; other texts seldom repeat anything, and the guess costs nothing
 * but a look into a table. (Prompt lookup decoding, Saxena 2023: https://github.com/apoorvumang/prompt-lookup-decoding)
 */
export interface Guess {
  readonly ids: readonly number[];
  /** How many tokens before stood there too, at most LONGEST_MATCH: the more, the likelier the guess. */
  readonly matched: number;
}

export interface PromptLookup {
  push(id: number): void;
  /** At most `count` tokens; undefined: nothing like this was there before. */
  guess(count: number): Guess | undefined;
}

export const SHORTEST_MATCH = 2;
export const LONGEST_MATCH = 6;
/** Places that are compared, the latest first. */
const MOST_PLACES = 16;
/** Ids are below this in every vocabulary, and two of them fit into a double. */
const PAIR = 2 ** 26;

export function promptLookup(prompt: readonly number[]): PromptLookup {
  const text: number[] = [];
  /** Pair of tokens → where it last ended. */
  const latest = new Map<number, number>();
  /** By place: where the pair that ends there ended before; -1: nowhere. */
  const earlier: number[] = [];

  const push = (id: number): void => {
    text.push(id);
    const end = text.length - 1;
    const pair = end === 0 ? -1 : (text[end - 1] as number) * PAIR + id;
    earlier.push(latest.get(pair) ?? -1);
    if (end > 0) latest.set(pair, end);
  };
  for (const id of prompt) push(id);

  function matchedAt(place: number): number {
    const end = text.length - 1;
    let matched = SHORTEST_MATCH;
    while (matched < LONGEST_MATCH && place - matched >= 0 && text[place - matched] === text[end - matched]) matched++;
    return matched;
  }

  return {
    push,
    guess(count) {
      let best = -1;
      let matched = 0;
      let place = earlier.at(-1) ?? -1;
      for (let looked = 0; place !== -1 && looked < MOST_PLACES && matched < LONGEST_MATCH; looked++) {
        const here = matchedAt(place);
        if (here > matched) {
          matched = here;
          best = place;
        }
        place = earlier[place] as number;
      }
      if (best === -1 || count < 1) return undefined;
      return { ids: text.slice(best + 1, best + 1 + count), matched };
    },
  };
}
