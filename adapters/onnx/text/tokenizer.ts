/** Text → token ids, by a model's own tokenizer.json. */
import type { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";

export interface Tokenizer {
  /** Special tokens included; neither cut nor filled up, whatever tokenizer.json asks for. */
  encode(text: string): readonly number[];
  isInVocabulary(id: number): boolean;
  /** What fills up the shorter rows of a batch. */
  readonly paddingId: number;
}

interface TokenizerFile {
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
  const tokenizer = new library.Tokenizer(sources.tokenizer, sources.tokenizerConfig ?? {});
  return {
    encode(text) {
      const { ids } = tokenizer.encode(text);
      // An unknown word of a tokenizer without an unknown token has no id at all.
      return ids.filter((id: number | undefined) => id !== undefined);
    },
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
