/** Ends a text where one of the stop texts begins, wherever the borders of the pieces lie. */
export interface StopTexts {
  /** Text that certainly stays, and whether a stop text has come; after that nothing must be pushed any more. */
  push(text: string): { readonly text: string; readonly stopped: boolean };
  /** What was held back because a stop text might have begun in it. */
  end(): string;
}

export function createStopTexts(stops: readonly string[]): StopTexts {
  let held = "";
  return {
    push(text) {
      held += text;
      const found = firstOf(held, stops);
      if (found !== -1) {
        const before = held.slice(0, found);
        held = "";
        return { text: before, stopped: true };
      }
      const certain = held.length - longestBeginning(held, stops);
      const out = held.slice(0, certain);
      held = held.slice(certain);
      return { text: out, stopped: false };
    },
    end() {
      const out = held;
      held = "";
      return out;
    },
  };
}

function firstOf(text: string, stops: readonly string[]): number {
  let first = -1;
  for (const stop of stops) {
    const at = text.indexOf(stop);
    if (at !== -1 && (first === -1 || at < first)) first = at;
  }
  return first;
}

/** Length of the longest end of `text` that a stop text begins with. */
function longestBeginning(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}
