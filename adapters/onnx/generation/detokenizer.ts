/**
 * Token ids → text, as they come. A token may be part of a character, and how a token is spelled may depend on the one
 * before it; so text is given out when the tokens up to now spell whole characters, as the difference that they make.
 */
export interface Detokenizer {
  /** What the tokens up to this one spell beyond what was given out before; empty while a character is not complete. */
  push(id: number): string;
  /** What is still to be said, without the part of a character that was never completed. */
  end(): string;
}

/** Stands for bytes that are no character, or not yet. */
const REPLACEMENT = "\uFFFD";

/** A character has at most 4 bytes, so at most 4 tokens: what is unreadable after more stays so. */
const MOST_TOKENS_OF_A_CHARACTER = 4;

export function createDetokenizer(decode: (ids: readonly number[]) => string): Detokenizer {
  /** Tokens that were given out last, for what they mean to the next ones, and those that were not yet. */
  let window: number[] = [];
  let given = 0;
  /** Tokens in a row after which the text was not readable to its end. */
  let unreadable = 0;

  function difference(): string {
    const before = decode(window.slice(0, given));
    return decode(window).slice(before.length);
  }

  function forget(): void {
    window = window.slice(given);
    given = window.length;
    unreadable = 0;
  }

  return {
    push(id) {
      window.push(id);
      const text = difference();
      unreadable = text.endsWith(REPLACEMENT) ? unreadable + 1 : 0;
      if (text === "" || (unreadable > 0 && unreadable < MOST_TOKENS_OF_A_CHARACTER)) return "";
      forget();
      return text;
    },
    end() {
      const text = difference();
      forget();
      let length = text.length;
      while (text[length - 1] === REPLACEMENT) length--;
      return text.slice(0, length);
    },
  };
}
