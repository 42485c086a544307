/** The tokens of one choice on their way to text: detokenised, stopped, each with its log probability if that was asked for. */
import type { TokenLogprobs } from "../../../core/protocols/spec/generation.ts";
import { createDetokenizer } from "./detokenizer.ts";
import { createStopTexts } from "./stop-texts.ts";

export interface TextPiece {
  readonly text: string;
  /** Of the tokens that `text` completes. */
  readonly tokens: readonly TokenLogprobs[];
}

export interface TextOutput {
  push(id: number, logprobs: TokenLogprobs | undefined): TextPiece & { readonly stopped: boolean };
  /** What is left when no more tokens come. */
  end(): TextPiece;
}

export function createTextOutput(decode: (ids: readonly number[]) => string, stops: readonly string[]): TextOutput {
  const detokenizer = createDetokenizer(decode);
  const stopTexts = createStopTexts(stops);
  /** Tokens that wait for their text to be certain, each with where that text ends. */
  const waiting: { readonly logprobs: TokenLogprobs; readonly end: number }[] = [];
  let spelled = 0;
  let certain = 0;
  let isOver = false;

  function release(): TokenLogprobs[] {
    const count = waiting.findIndex(({ end }) => end > certain);
    return waiting.splice(0, count === -1 ? waiting.length : count).map(({ logprobs }) => logprobs);
  }

  return {
    push(id, logprobs) {
      const spelling = detokenizer.push(id);
      spelled += spelling.length;
      // A token that is part of a character ends where that character will: at least one place further on.
      if (logprobs !== undefined) waiting.push({ logprobs, end: spelling === "" ? spelled + 1 : spelled });
      const { text, stopped } = stopTexts.push(spelling);
      certain += text.length;
      isOver = stopped;
      return { text, stopped, tokens: text === "" ? [] : release() };
    },
    end() {
      if (isOver) return { text: "", tokens: [] };
      const rest = stopTexts.push(detokenizer.end());
      const text = rest.stopped ? rest.text : rest.text + stopTexts.end();
      certain += text.length;
      return { text, tokens: rest.stopped ? release() : waiting.splice(0).map(({ logprobs }) => logprobs) };
    },
  };
}
