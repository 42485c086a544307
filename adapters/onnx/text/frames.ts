/** The special tokens that a tokenizer puts around one text, or around and between two. */
import type { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";

export interface Frame {
  /** How many tokens it adds. */
  readonly size: number;
  /** Position of the first text's first token. */
  readonly first: number;
  /** `second` is empty for the frame of one text. */
  around(first: readonly number[], second: readonly number[]): FramedRow;
}

export interface FramedRow {
  readonly ids: readonly number[];
  /** First position of the second segment (`token_type_ids` of 1); the row's length when there is none. */
  readonly secondFrom: number;
}

const FIRST = "\u0000first";
const SECOND = "\u0000second";

/** Found by sending two marks through the tokenizer's own post-processor: however it is written down, this is what it does. */
export function frameOf(tokenizer: HuggingFaceTokenizer, texts: 1 | 2): Frame {
  const { tokens, types } = processed(tokenizer, texts);
  const first = tokens.indexOf(FIRST);
  const second = tokens.indexOf(SECOND);
  const idsOf = (part: readonly string[]) => part.map((token) => idOf(tokenizer, token));
  const before = idsOf(tokens.slice(0, first));
  const between = second === -1 ? [] : idsOf(tokens.slice(first + 1, second));
  const after = idsOf(tokens.slice(Math.max(first, second) + 1));
  const firstOfType1 = types.indexOf(1);
  return {
    size: before.length + between.length + after.length,
    first: before.length,
    around(a, b) {
      const ids = [...before, ...a, ...between, ...b, ...after];
      if (firstOfType1 === -1) return { ids, secondFrom: ids.length };
      // Positions in `tokens` count each text as one.
      const secondFrom = firstOfType1 + (firstOfType1 > first ? a.length - 1 : 0);
      return { ids, secondFrom };
    },
  };
}

function processed(
  { post_processor: processor }: HuggingFaceTokenizer,
  texts: 1 | 2,
): { readonly tokens: readonly string[]; readonly types: readonly number[] } {
  const marks = texts === 1 ? [FIRST] : [FIRST, SECOND];
  if (processor === null) return { tokens: marks, types: [] };
  const { tokens, token_type_ids: types = [] } = processor.post_process([FIRST], texts === 1 ? null : [SECOND], true);
  // The library stops at the first of two where a post-processor knows none (ByteLevel).
  if (!tokens.includes(FIRST) || (texts === 2 && !tokens.includes(SECOND))) return { tokens: marks, types: [] };
  // RoBERTa has one segment only, "every encoding is type_id=0"; the library numbers them as BERT does.
  // https://github.com/huggingface/tokenizers/blob/main/tokenizers/src/processors/roberta.rs
  return { tokens, types: isRoberta(processor.config) ? [] : types };
}

const isRoberta = (config: unknown): boolean => JSON.stringify(config).includes('"RobertaProcessing"');

function idOf(tokenizer: HuggingFaceTokenizer, token: string): number {
  const id =
    tokenizer.token_to_id(token) ??
    [...tokenizer.get_added_tokens_decoder()].find(([, { content }]) => content === token)?.[0];
  if (id === undefined) throw new Error(`its post-processor adds "${token}", which has no id`);
  return id;
}
