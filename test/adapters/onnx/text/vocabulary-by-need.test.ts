import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as library from "@huggingface/tokenizers";
import fc from "fast-check";
import { tokenizerByNeed } from "../../../../adapters/onnx/text/vocabulary-by-need.ts";
import { describeWithData } from "../../../shared-data.ts";
import { TOKENIZER } from "../model-folder.ts";

const file = () => JSON.parse(TOKENIZER) as { readonly model: { readonly vocab: Record<string, number> } };

const both = (written: () => object) =>
  [new library.Tokenizer(written(), {}), tokenizerByNeed(library, written(), {})] as const;

test("answers for every token and id as the library does, names of JavaScript's own objects among them", () => {
  const odd = ["constructor", "toString", "__proto__", "hasOwnProperty"];
  const [theirs, ours] = both(file);
  const { length } = theirs.model?.vocab as string[];
  expect(ours.model?.vocab).toEqual(theirs.model?.vocab);
  for (let id = -1; id <= length; id++) expect(ours.id_to_token(id)).toBe(theirs.id_to_token(id));
  for (const token of [...Object.keys(file().model.vocab), ...odd]) {
    expect(ours.token_to_id(token)).toBe(theirs.token_to_id(token));
    expect(ours.model?.tokens_to_ids.has(token)).toBe(theirs.model?.tokens_to_ids.has(token));
    expect(ours.encode(`good ${token} day`)).toEqual(theirs.encode(`good ${token} day`));
  }
  expect(ours.model?.unk_token_id).toBe(theirs.model?.unk_token_id);
});

test("whoever lists the vocabulary finds all of it", () => {
  const [theirs, ours] = both(file);
  const [expected, found] = [theirs, ours].map((tokenizer) => tokenizer.model?.tokens_to_ids as Map<string, number>);
  expect(new Map([...(found ?? [])].sort())).toEqual(new Map([...(expected ?? [])].sort()));
  expect(found?.size).toBe(expected?.size);
  expect(ours.get_vocab()).toEqual(theirs.get_vocab());
});

test("an added token counts before a word of the vocabulary", () => {
  const written = () => {
    const { model, ...rest } = file();
    return {
      ...rest,
      model,
      added_tokens: [{ id: 8, content: "good", special: false, lstrip: false, rstrip: false, normalized: false }],
    };
  };
  const [theirs, ours] = both(written);
  expect(theirs.token_to_id("good")).toBe(8);
  expect(ours.token_to_id("good")).toBe(8);
  expect(ours.model?.vocab).toEqual(theirs.model?.vocab);
});

describeWithData("models/minilm-l6-v2", "a tokenizer of 30,522 words", (folder) => {
  test("texts become the ids that the library gives", () => {
    const [theirs, ours] = both(() => JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object);
    const words = fc.constantFrom("farthing", "penny,", "Berlin", "unbelievable", "naïve", "constructor", "1837", "🙂");
    const texts = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc.array(words).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const expected = theirs.encode(text);
        expect(ours.encode(text)).toEqual(expected);
        expect(ours.decode(expected.ids)).toBe(theirs.decode(expected.ids));
      }),
    );
  });
});

describeWithData("models/tiny-random-gpt2", "a tokenizer of byte pairs", (folder) => {
  test("texts become the ids that the library gives", () => {
    const [theirs, ours] = both(() => JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), (text) => {
        expect(ours.encode(text)).toEqual(theirs.encode(text));
      }),
    );
  });
});
