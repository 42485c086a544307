/** Text → token ids, by a model's own tokenizer.json. */
import type { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { type Frame, frameOf } from "./frames.ts";
import { spanRules, type WrittenTokenizer } from "./span-rules.ts";
import { type TokenSpan, tokenSpans } from "./token-spans.ts";
import { tokenizerByNeed } from "./vocabulary-by-need.ts";

export interface Tokenizer {
  /** Special tokens included; neither cut nor filled up, whatever tokenizer.json asks for. */
  encode(text: string): readonly number[];
  /** Without the special tokens that stand around a text. */
  encodeBare(text: string): readonly number[];
  /** As `encodeBare`, with the place of each token in the text. */
  encodeWithSpans(text: string): SpannedTokens;
  /** The special tokens around one text, and around two that belong together. */
  frame(texts: 1 | 2): Frame;
  /** Text again, without special tokens and without the clean-up of spaces that some files ask for. */
  decode(ids: readonly number[]): string;
  /** Id of exactly this token. */
  idOf(token: string): number | undefined;
  isInVocabulary(id: number): boolean;
  /** The largest id that `encode` may give. */
  largestId(): number;
  /** What fills up the shorter rows of a batch. */
  readonly paddingId: number;
}

export interface SpannedTokens {
  readonly ids: readonly number[];
  readonly spans: readonly TokenSpan[];
}

interface TokenizerFile extends WrittenTokenizer {
  readonly padding?: { readonly pad_id?: number } | null;
  readonly added_tokens?: readonly { readonly id: number; readonly content: string }[];
}

export interface TokenizerSources {
  /** Parsed tokenizer.json. */
  readonly tokenizer: object;
  /** Parsed tokenizer_config.json, when there is one. */
  readonly tokenizerConfig?: object;
  /** Parsed config.json, when there is one: names the padding id when the tokenizer does not. */
  readonly modelConfig?: { readonly pad_token_id?: unknown };
}

const PADDING_TOKENS = ["[PAD]", "<pad>"];

/** Throws an Error when the file is no tokenizer, or one of a kind that is not known here. */
export async function createTokenizer(sources: TokenizerSources): Promise<Tokenizer> {
  // Deployments without text models never run the library; it is part of the bundle, not of the layer.
  const library = await import("@huggingface/tokenizers");
  const tokenizer = tokenizerByNeed(library, sources.tokenizer, sources.tokenizerConfig ?? {});
  // An unknown word of a tokenizer without an unknown token has no id at all.
  const known = ({ ids }: { readonly ids: readonly (number | undefined)[] }) => ids.filter((id) => id !== undefined);
  const { normalizer } = tokenizer;
  const rules = spanRules(sources.tokenizer, (text) => (normalizer === null ? text : normalizer.normalize(text)));
  const frames = new Map<1 | 2, Frame>();
  return {
    encode: (text) => known(tokenizer.encode(text)),
    encodeBare: (text) => known(tokenizer.encode(text, { add_special_tokens: false })),
    encodeWithSpans(text) {
      const { ids, tokens } = tokenizer.encode(text, { add_special_tokens: false });
      const spans = tokenSpans(text, tokens, rules);
      const isKnown = (_: unknown, at: number) => (ids[at] as number | undefined) !== undefined;
      return { ids: ids.filter(isKnown), spans: spans.filter(isKnown) };
    },
    frame(texts) {
      const frame = frames.get(texts) ?? frameOf(tokenizer, texts);
      frames.set(texts, frame);
      return frame;
    },
    decode(ids) {
      if (ids.length === 0) return "";
      return tokenizer.decode([...ids], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
    },
    idOf: (token) => tokenizer.token_to_id(token),
    largestId: () => (tokenizer.model?.vocab.length ?? 1) - 1,
    isInVocabulary: (id) => Number.isInteger(id) && id >= 0 && tokenizer.id_to_token(id) !== undefined,
    paddingId: paddingId(sources, tokenizer),
  };
}

function paddingId({ tokenizer, modelConfig }: TokenizerSources, known: HuggingFaceTokenizer): number {
  const configured = (tokenizer as TokenizerFile).padding?.pad_id ?? modelConfig?.pad_token_id;
  if (typeof configured === "number") return configured;
  for (const token of PADDING_TOKENS) {
    const id = known.token_to_id(token);
    if (id !== undefined) return id;
  }
  return 0;
}
