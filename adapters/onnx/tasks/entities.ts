/** Classes of tokens → spans of text, by the B- and I- before the class (IOB2). As transformers' aggregation "simple". */
import type { TokenSpan } from "../text/token-spans.ts";

export interface TokenClass extends TokenSpan {
  readonly label: string;
  readonly score: number;
}

/** Tokens of this class belong to nothing. */
const OUTSIDE = "O";

export const everyToken = (tokens: readonly TokenClass[]): readonly TokenClass[] =>
  tokens.filter(({ label }) => label !== OUTSIDE);

/** A span goes on with the next token of its class, unless that one begins with B-. Its score is the mean of its tokens. */
export function mergedSpans(tokens: readonly TokenClass[]): readonly TokenClass[] {
  const spans: { label: string; start: number; end: number; sum: number; tokens: number }[] = [];
  let open: (typeof spans)[number] | undefined;
  for (const { label: written, score, start, end } of tokens) {
    if (written === OUTSIDE) {
      open = undefined;
      continue;
    }
    const { begins, label } = parts(written);
    if (open !== undefined && !begins && open.label === label) {
      open.end = end;
      open.sum += score;
      open.tokens++;
    } else {
      open = { label, start, end, sum: score, tokens: 1 };
      spans.push(open);
    }
  }
  return spans.map(({ label, start, end, sum, tokens: count }) => ({ label, start, end, score: sum / count }));
}

function parts(label: string): { readonly begins: boolean; readonly label: string } {
  const isMarked = label.startsWith("B-") || label.startsWith("I-");
  return { begins: label.startsWith("B-"), label: isMarked ? label.slice(2) : label };
}
