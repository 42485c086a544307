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

/** Stands for bytes that are no character, or not yet; and for itself, which nothing in a decoded text tells apart. */
const REPLACEMENT = "\uFFFD";

/** A character has at most 4 bytes, so at most 4 tokens: what is unreadable after more stays so. */
const MOST_TOKENS_OF_A_CHARACTER = 4;

export function createDetokenizer(decode: (ids: readonly number[]) => string): Detokenizer {
  /** Tokens that were given out last, for what they mean to the next ones, and those that were not yet. */
  let window: number[] = [];
  let given = 0;
  /** How much of the window's text was given out: that of `given` tokens, and perhaps the readable beginning of the next. */
  let said = 0;
  /** Position of the token from which on nothing can be read. */
  let unreadableFrom = 0;

  /** The first `count` tokens were given out. */
  function forget(count: number): void {
    window = window.slice(given);
    given = count - given;
    said = decode(window.slice(0, given)).length;
    unreadableFrom = given;
  }

  /**
   * The last three tokens may still become a character, those before them not. Given out is what ends where the text is
   * shortest: there a character ends, since decoders spell the bytes of one that is cut off by a mark each, or add a mark.
   */
  function giveUpOldest(): string {
    const text = (count: number) => decode(window.slice(0, count));
    let count = window.length - MOST_TOKENS_OF_A_CHARACTER + 1;
    for (let other = count + 1; other < window.length; other++) {
      if (text(other).length <= text(count).length) count = other;
    }
    const piece = text(count).slice(said);
    forget(count);
    return piece;
  }

  return {
    push(id) {
      window.push(id);
      const text = decode(window).slice(said);
      const readable = withoutReplacements(text);
      if (readable.length === text.length) {
        if (text !== "") forget(window.length);
        return text;
      }
      if (readable !== "") {
        said += readable.length;
        unreadableFrom = window.length - 1;
        return readable;
      }
      return window.length - unreadableFrom < MOST_TOKENS_OF_A_CHARACTER ? "" : giveUpOldest();
    },
    end() {
      const text = decode(window).slice(said);
      forget(window.length);
      return withoutReplacements(text);
    },
  };
}

/** At its end. */
function withoutReplacements(text: string): string {
  let length = text.length;
  while (text[length - 1] === REPLACEMENT) length--;
  return text.slice(0, length);
}
