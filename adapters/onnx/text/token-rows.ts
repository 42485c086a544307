/** What callers send, as rows of token ids that the model can take; or the reason why not. */
import { FarthingError, show } from "../../../core/errors.ts";
import type { TokenRows } from "./text-graph.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface TokenRules {
  readonly tokenizer: Tokenizer;
  /** Longest row, special tokens included. */
  readonly maxTokens: number;
  /** Cut a text that is too long after the last token for which there is room. Token ids are never cut. Default false. */
  readonly truncate?: boolean | undefined;
  /** Path of the input with this position in the request, for messages. */
  fieldOf(position: number): string;
}

/** As many as OpenAI's API takes. Bounds what is tokenized before the first run. */
export const MAX_TEXTS = 2_048;
/** No language needs as many characters for a token; what stands beyond is refused, or cut, before it is tokenized. */
const MAX_CHARACTERS_PER_TOKEN = 64;

export function tokenRows(inputs: readonly (string | readonly number[])[], rules: TokenRules): TokenRows {
  refuseTooMany(inputs.length, "texts", rules.fieldOf(0));
  return inputs.map((input, position) => {
    const field = rules.fieldOf(position);
    if (typeof input !== "string") return checkedRow(input, field, rules);
    const { tokenizer, maxTokens, truncate = false } = rules;
    const text = boundedText(input, field, maxTokens, truncate);
    const row = tokenizer.encode(text);
    const frame = tokenizer.frame(1);
    if (row.length <= frame.size) throw emptyText(input, field);
    if (row.length <= maxTokens) return row;
    if (!truncate) throw tooLong(field, row.length, maxTokens);
    return frame.around(tokenizer.encodeBare(text).slice(0, maxTokens - frame.size), []).ids;
  });
}

/** `what`: in the plural. */
export function refuseTooMany(count: number, what: string, field: string): void {
  if (count <= MAX_TEXTS) return;
  throw invalid(`The request has ${count} ${what}; at most ${MAX_TEXTS} are allowed at once.`, field);
}

/** The text, or where `truncate` says so its first part, that is short enough to be tokenized. */
export function boundedText(text: string, field: string, maxTokens: number, truncate: boolean): string {
  const most = maxTokens * MAX_CHARACTERS_PER_TOKEN;
  if (text.length <= most) return text;
  if (truncate) return text.slice(0, most).toWellFormed();
  throw invalid(
    `${field} has ${text.length} characters; the model takes at most ${maxTokens} tokens, which ` +
      `${most} characters always exceed. Shorten or split it.`,
    field,
  );
}

export const emptyText = (text: string, field: string): FarthingError =>
  invalid(`${field} is ${show(text)}, which holds no token; send at least one.`, field);

/** `what`: where it is more than the text at `field`. */
export const tooLong = (field: string, tokens: number, maxTokens: number, what = field): FarthingError =>
  invalid(`${what} has ${tokens} tokens; the model takes at most ${maxTokens}. Shorten or split it.`, field);

function checkedRow(ids: readonly number[], field: string, rules: TokenRules): readonly number[] {
  if (ids.length === 0) throw invalid(`${field} is [], which holds no token; send at least one.`, field);
  if (ids.length > rules.maxTokens) throw tooLong(field, ids.length, rules.maxTokens);
  return checkedIds(ids, field, rules);
}

function checkedIds(ids: readonly number[], field: string, { tokenizer }: TokenRules): readonly number[] {
  const wrong = ids.findIndex((id) => !tokenizer.isInVocabulary(id));
  if (wrong === -1) return ids;
  const path = `${field}[${wrong}]`;
  throw invalid(`${path} is ${show(ids[wrong])}, which is no token id of this model.`, path);
}

const invalid = (message: string, field: string): FarthingError =>
  new FarthingError("invalid_field", message, { field });
