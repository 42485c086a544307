/** Texts as rows of token ids that know their places in the text. */
import type { TokenRows } from "./text-graph.ts";
import { boundedText, emptyText, refuseTooMany, type TokenRules, tooLong } from "./token-rows.ts";
import type { TokenSpan } from "./token-spans.ts";

export interface SpannedRows {
  readonly rows: TokenRows;
  /** Of each row, the places of its tokens, special tokens left out. */
  readonly spans: readonly (readonly TokenSpan[])[];
  /** Position in every row of its first token that is not special. */
  readonly firstToken: number;
}

export function spannedRows(texts: readonly string[], rules: TokenRules): SpannedRows {
  const { tokenizer, maxTokens, truncate = false, fieldOf } = rules;
  refuseTooMany(texts.length, "texts", fieldOf(0));
  const frame = tokenizer.frame(1);
  const room = maxTokens - frame.size;
  const rows: (readonly number[])[] = [];
  const spans: (readonly TokenSpan[])[] = [];
  for (const [position, text] of texts.entries()) {
    const field = fieldOf(position);
    const tokens = tokenizer.encodeWithSpans(boundedText(text, field, maxTokens, truncate));
    if (tokens.ids.length === 0) throw emptyText(text, field);
    if (tokens.ids.length > room && !truncate) throw tooLong(field, tokens.ids.length + frame.size, maxTokens);
    rows.push(frame.around(tokens.ids.slice(0, room), []).ids);
    spans.push(tokens.spans.slice(0, room));
  }
  return { rows, spans, firstToken: frame.first };
}
