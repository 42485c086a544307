/** Pairs of texts as rows of token ids: a query and a document, a text and a hypothesis about it. */
import type { FarthingError } from "../../../core/errors.ts";
import type { TokenRows } from "./text-graph.ts";
import { boundedText, emptyText, tooLong } from "./token-rows.ts";
import type { Tokenizer } from "./tokenizer.ts";

export interface PairRows {
  readonly rows: TokenRows;
  readonly secondFrom: readonly number[];
}

export interface PairText {
  readonly text: string;
  /** Path in the request, for messages. */
  readonly place: string;
}

export interface PairRules {
  readonly tokenizer: Tokenizer;
  /** Longest pair, special tokens included. */
  readonly maxTokens: number;
  /** Cut the longer text of a pair ("first" or "second") where a pair is too long; the other one is never cut. */
  readonly truncate: "first" | "second" | undefined;
}

/** Each text is tokenized once, however many pairs it is in. `pairs`: positions in `first` and `second`. */
export function pairRows(
  first: readonly PairText[],
  second: readonly PairText[],
  pairs: readonly (readonly [number, number])[],
  rules: PairRules,
): PairRows {
  const { tokenizer, maxTokens, truncate } = rules;
  const frame = tokenizer.frame(2);
  const room = maxTokens - frame.size;
  const firstIds = first.map((text) => idsOf(text, rules, truncate === "first"));
  const secondIds = second.map((text) => idsOf(text, rules, truncate === "second"));

  const rows: (readonly number[])[] = [];
  const secondFrom: number[] = [];
  for (const [a, b] of pairs) {
    let [ids, others] = [firstIds[a] as readonly number[], secondIds[b] as readonly number[]];
    if (ids.length + others.length > room) {
      // At least one token of the text that may be cut has to stay.
      if (truncate === "first" && others.length < room) ids = ids.slice(0, room - others.length);
      else if (truncate === "second" && ids.length < room) others = others.slice(0, room - ids.length);
      else throw pairTooLong(first[a] as PairText, second[b] as PairText, ids.length + others.length, rules);
    }
    const row = frame.around(ids, others);
    rows.push(row.ids);
    secondFrom.push(row.secondFrom);
  }
  return { rows, secondFrom };
}

function idsOf({ text, place }: PairText, { tokenizer, maxTokens }: PairRules, mayCut: boolean): readonly number[] {
  const ids = tokenizer.encodeBare(boundedText(text, place, maxTokens, mayCut));
  if (ids.length === 0) throw emptyText(text, place);
  return ids;
}

/** Where cutting is asked for, it is the other text that leaves no room. */
function pairTooLong(first: PairText, second: PairText, tokens: number, rules: PairRules): FarthingError {
  const { tokenizer, maxTokens, truncate } = rules;
  const total = tokens + tokenizer.frame(2).size;
  if (truncate === undefined) return tooLong(second.place, total, maxTokens, `${second.place} with ${first.place}`);
  const whole = truncate === "first" ? second : first;
  return tooLong(whole.place, tokenizer.encodeBare(whole.text).length, maxTokens - tokenizer.frame(2).size - 1);
}
