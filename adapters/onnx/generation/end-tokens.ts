import type { Tokenizer } from "../text/tokenizer.ts";

/** What files say about where a text ends. */
export interface EndTokenSources {
  /** Parsed generation_config.json, config.json and tokenizer_config.json, where they are. */
  readonly generationConfig?: object;
  readonly modelConfig?: object;
  readonly tokenizerConfig?: object;
}

/** Names of such tokens, for models that come with a tokenizer and nothing beside it. */
const CUSTOMARY = ["</s>", "<|endoftext|>", "<|im_end|>", "<eos>", "<|eot_id|>"];

/** Ids that end a text. Empty: the model never ends by itself. */
export function endTokens(sources: EndTokenSources, tokenizer: Tokenizer): ReadonlySet<number> {
  const named = [sources.generationConfig, sources.modelConfig].flatMap((config) =>
    idsOf((config as { readonly eos_token_id?: unknown } | undefined)?.eos_token_id),
  );
  const token = (sources.tokenizerConfig as { readonly eos_token?: unknown } | undefined)?.eos_token;
  const text = typeof token === "string" ? token : (token as { readonly content?: string } | undefined)?.content;
  const ofTokenizer = text === undefined ? undefined : tokenizer.idOf(text);
  const known = new Set(ofTokenizer === undefined ? named : [...named, ofTokenizer]);
  if (known.size > 0) return known;
  return new Set(CUSTOMARY.map((name) => tokenizer.idOf(name)).filter((id) => id !== undefined));
}

const idsOf = (value: unknown): number[] =>
  (Array.isArray(value) ? value : [value]).filter((id): id is number => typeof id === "number");
