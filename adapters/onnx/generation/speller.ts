import type { Tokenizer } from "../text/tokenizer.ts";

/**
 * How single tokens read in the middle of a text: decoders drop the space before the first word, so each is read after
 * another one.
 */
export function speller(tokenizer: Tokenizer): (id: number) => string {
  const known = new Map<number, string>();
  let before: { readonly ids: readonly number[]; readonly text: string } | undefined;
  return (id) => {
    const found = known.get(id);
    if (found !== undefined) return found;
    if (before === undefined) {
      const ids = tokenizer.encodeBare("a");
      before = { ids, text: tokenizer.decode(ids) };
    }
    const text = tokenizer.decode([...before.ids, id]).slice(before.text.length);
    known.set(id, text);
    return text;
  };
}
