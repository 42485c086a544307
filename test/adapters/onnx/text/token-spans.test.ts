import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { type SpanRules, tokenSpans } from "../../../../adapters/onnx/text/token-spans.ts";
import { createTokenizer } from "../../../../adapters/onnx/text/tokenizer.ts";
import { describeWithData } from "../../../shared-data.ts";

const FIXTURE = join(import.meta.dirname, "../../../fixtures/tokenizers/spans.json");
const golden = JSON.parse(readFileSync(FIXTURE, "utf8")) as {
  readonly texts: readonly string[];
  readonly [tokenizer: string]: readonly unknown[];
};

describe.each([["minilm-l6-v2"], ["tiny-random-gpt2"]])("%s", (name) => {
  describeWithData(`models/${name}`, "a tokenizer that others have measured", (folder) => {
    test("every token stands where the reference implementation puts it", async () => {
      const tokenizer = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object;
      const { encodeWithSpans } = await createTokenizer({ tokenizer });
      for (const [index, text] of golden.texts.entries()) {
        const places = encodeWithSpans(text).spans.map(({ start, end }) => [start, end]);
        const expected = golden[name]?.[index] as readonly (readonly [number, number])[];
        // White space alone has no place: in the one, in the other, or in both, since they differ in what it is.
        const hasPlace = (place: readonly number[] | undefined) => place?.[0] !== place?.[1];
        const withPlace = (at: number) => hasPlace(places[at]) && hasPlace(expected[at]);
        expect([text, places.filter((_, at) => withPlace(at))]).toEqual([
          text,
          expected.filter((_, at) => withPlace(at)),
        ]);
      }
    });
  });
});

const WORD_PIECE: SpanRules = { normalize: (text) => text.toLowerCase(), continuation: "##", unknown: "[UNK]" };
const places = (text: string, tokens: readonly string[], rules = WORD_PIECE) =>
  tokenSpans(text, tokens, rules).map(({ start, end }) => Array.from(text).slice(start, end).join(""));

test("words, parts of words and unknown words", () => {
  expect(places("Hugging  Face!", ["hug", "##ging", "face", "!"])).toEqual(["Hug", "ging", "Face", "!"]);
  expect(places("a ☃☃ b ☂ a", ["a", "[UNK]", "b", "[UNK]", "a"])).toEqual(["a", "☃☃", "b", "☂", "a"]);
  expect(places("☃ ☂", ["[UNK]", "[UNK]"])).toEqual(["☃", "☂"]);
  expect(places("☃", ["[UNK]"])).toEqual(["☃"]);
});

test("characters outside the basic plane count as one", () => {
  expect(tokenSpans("😀 day", ["[UNK]", "day"], WORD_PIECE)).toEqual([
    { start: 0, end: 1 },
    { start: 2, end: 5 },
  ]);
});

test("the start of a word marked instead: white space is not part of the token", () => {
  const rules: SpanRules = { normalize: (text) => text, unknown: "<unk>" };
  expect(places("New York", ["▁New", "▁Yo", "rk"], rules)).toEqual(["New", "Yo", "rk"]);
  expect(places("New York", ["▁New", "▁", "York"], rules)).toEqual(["New", "", "York"]);
});

test("tokens that are not in the text at all get places inside it", () => {
  expect(tokenSpans("abc", ["xyz", "q"], WORD_PIECE)).toEqual([
    { start: 0, end: 3 },
    { start: 0, end: 3 },
  ]);
  expect(tokenSpans("", ["xyz"], WORD_PIECE)).toEqual([{ start: 0, end: 0 }]);
});

test("whatever the text and the tokens, places lie in the text and do not go back", () => {
  const piece = fc.constantFrom("a", "B", "é", "e\u0301", " ", "  ", "☃", "😀", "中", "-", "\n", "[UNK]");
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.array(fc.constantFrom("a", "b", "##a", "é", "[UNK]", "-", "中")),
      (pieces, tokens) => {
        const text = pieces.join("");
        const length = Array.from(text).length;
        const spans = tokenSpans(text, tokens, WORD_PIECE);
        expect(spans).toHaveLength(tokens.length);
        let last = 0;
        for (const { start, end } of spans) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(length);
          last = start;
        }
      },
    ),
  );
});
