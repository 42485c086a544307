/** How a tokenizer's tokens are written: what tokenSpans must know, read from tokenizer.json. */
import type { SpanRules } from "./token-spans.ts";

export interface WrittenTokenizer {
  readonly pre_tokenizer?: unknown;
  readonly model?: {
    readonly type?: string;
    readonly continuing_subword_prefix?: string | null;
    readonly end_of_word_suffix?: string | null;
    readonly unk_token?: string | null;
    readonly unk_id?: number | null;
    readonly vocab?: unknown;
  };
}

export function spanRules(written: WrittenTokenizer, normalize: (text: string) => string): SpanRules {
  const { type, continuing_subword_prefix: prefix, end_of_word_suffix: endOfWord } = written.model ?? {};
  const unknown = unknownToken(written);
  return {
    normalize,
    ...(readsBytes(written.pre_tokenizer) && { toByteCharacters }),
    ...(type === "WordPiece" && { continuation: prefix ?? "##" }),
    ...(endOfWord && { endOfWord }),
    ...(unknown !== undefined && { unknown }),
  };
}

const readsBytes = (preTokenizer: unknown): boolean =>
  JSON.stringify(preTokenizer ?? null).includes('"type":"ByteLevel"');

/** WordPiece and BPE name it, Unigram gives its position. */
function unknownToken({ model }: WrittenTokenizer): string | undefined {
  if (typeof model?.unk_token === "string") return model.unk_token;
  if (typeof model?.unk_id !== "number" || !Array.isArray(model.vocab)) return undefined;
  const entry: unknown = model.vocab[model.unk_id];
  return Array.isArray(entry) && typeof entry[0] === "string" ? entry[0] : undefined;
}

/** GPT-2's table: printable bytes stand for themselves, the others for characters from U+0100 on. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  const isPrintable = (byte: number) =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++));
})();

const toByteCharacters = (text: string): string =>
  Array.from(Buffer.from(text, "utf8"), (byte) => BYTE_CHARACTERS[byte]).join("");
