/**
 * The library's tokenizer without its copies of the vocabulary. It makes two of them at the start, a Map and an array, though a
 * text looks up a few dozen words: for BERT's 30,522 words 14 of 22 ms, and most of the garbage of a cold start. Lookups in the
 * parsed file are as fast.
 */
import type { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";

type Library = typeof import("@huggingface/tokenizers");
type Vocabulary = Readonly<Record<string, number>>;

interface VocabularyModel {
  readonly type?: unknown;
  readonly vocab?: unknown;
  readonly unk_token?: unknown;
}

/** What the library does with the vocabulary of these while it is built is known: it copies it, and looks up `unk_token`. */
const COPIED_BY = new Set<unknown>(["WordPiece", "BPE"]);

/** As `new library.Tokenizer(file, config)`, and equal to it in all that it answers. */
export function tokenizerByNeed(library: Library, file: object, config: object): HuggingFaceTokenizer {
  const written = (file as { readonly model?: VocabularyModel | null }).model;
  const vocabulary = vocabularyOf(written);
  if (vocabulary === undefined) return new library.Tokenizer(file, config);
  const tokenizer = new library.Tokenizer({ ...file, model: { ...written, vocab: {} } }, config);
  const { model } = tokenizer;
  if (model === null) return tokenizer;
  // Until now nothing but the added tokens.
  const added = model.tokens_to_ids;
  const unknown = written?.unk_token;
  if (typeof unknown === "string" && Object.hasOwn(vocabulary, unknown)) {
    model.unk_token_id = vocabulary[unknown] as number;
  }
  model.tokens_to_ids = new IdsByNeed(vocabulary, added);
  let tokens: string[] | undefined;
  Object.defineProperty(model, "vocab", {
    get() {
      tokens ??= tokensById(vocabulary, added);
      return tokens;
    },
  });
  return tokenizer;
}

function vocabularyOf(model: VocabularyModel | null | undefined): Vocabulary | undefined {
  const vocabulary = model?.vocab;
  if (!COPIED_BY.has(model?.type) || typeof vocabulary !== "object" || vocabulary === null) return undefined;
  return Array.isArray(vocabulary) ? undefined : (vocabulary as Vocabulary);
}

function tokensById(vocabulary: Vocabulary, added: ReadonlyMap<string, number>): string[] {
  const entries = Object.entries(vocabulary);
  const tokens = new Array<string>(entries.length);
  for (const [token, id] of entries) tokens[id] = token;
  for (const [token, id] of added) tokens[id] = token;
  return tokens;
}

/** The Map of the vocabulary and the added tokens, who count first. Whoever lists it pays for the copy. */
class IdsByNeed extends Map<string, number> {
  readonly #vocabulary: Vocabulary;
  #isWhole = false;

  constructor(vocabulary: Vocabulary, added: ReadonlyMap<string, number>) {
    super(added);
    this.#vocabulary = vocabulary;
  }

  override get(token: string): number | undefined {
    return super.get(token) ?? (Object.hasOwn(this.#vocabulary, token) ? this.#vocabulary[token] : undefined);
  }

  override has(token: string): boolean {
    return super.has(token) || Object.hasOwn(this.#vocabulary, token);
  }

  override get size(): number {
    this.#fill();
    return super.size;
  }

  override [Symbol.iterator](): MapIterator<[string, number]> {
    return this.entries();
  }

  override entries(): MapIterator<[string, number]> {
    this.#fill();
    return super.entries();
  }

  override keys(): MapIterator<string> {
    this.#fill();
    return super.keys();
  }

  override values(): MapIterator<number> {
    this.#fill();
    return super.values();
  }

  override forEach(visit: (id: number, token: string, map: Map<string, number>) => void): void {
    this.#fill();
    super.forEach(visit);
  }

  #fill(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    for (const [token, id] of Object.entries(this.#vocabulary)) if (!super.has(token)) super.set(token, id);
  }
}
