import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createDetokenizer } from "../../../../adapters/onnx/generation/detokenizer.ts";
import { createStopTexts } from "../../../../adapters/onnx/generation/stop-texts.ts";
import { createTextOutput } from "../../../../adapters/onnx/generation/text-output.ts";
import { createTokenizer } from "../../../../adapters/onnx/text/tokenizer.ts";
import type { TokenLogprobs } from "../../../../core/protocols/spec/generation.ts";
import { describeWithData } from "../../../shared-data.ts";

/** A token is one byte: the hardest case for characters of several. */
const bytes = (ids: readonly number[]) => new TextDecoder().decode(Uint8Array.from(ids));
const idsOf = (text: string) => [...new TextEncoder().encode(text)];
/** U+FFFD stands for bytes that are no character, and is one itself; emoji and letters of all lengths beside it. */
const arbitraryText = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom("\uFFFD", "\u{1F600}", "\u00E9", "\u4E2D", "a"), maxLength: 40 }),
);

/**
 * At the end of a text U+FFFD cannot be told from a character that was cut off, which is not said: as much of it may be missing
 * as waits for the next token.
 */
function expectSaid(said: string, text: string): void {
  expect(text.startsWith(said)).toBe(true);
  expect(text.slice(said.length)).toMatch(/^\uFFFD{0,3}$/);
}

describe("detokenizer", () => {
  test("pieces are whole characters, and together the text", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const detokenizer = createDetokenizer(bytes);
        const pieces = [...idsOf(text).map((id) => detokenizer.push(id)), detokenizer.end()];
        for (const piece of pieces) expect(piece.isWellFormed()).toBe(true);
        expectSaid(pieces.join(""), text);
      }),
    );
  });

  test("a character that was cut off at the end is not said", () => {
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const detokenizer = createDetokenizer(bytes);
        const begun = [0xe2, 0x82];
        const pieces = [...idsOf(text), ...begun].map((id) => detokenizer.push(id));
        expectSaid(pieces.join("") + detokenizer.end(), text);
      }),
    );
  });

  test("tokens of several bytes, which end one character and begin the next", () => {
    fc.assert(
      fc.property(arbitraryText, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), (text, lengths) => {
        const tokens: Uint8Array[] = [];
        const all = new TextEncoder().encode(text);
        for (let at = 0; at < all.length; ) {
          const length = lengths[tokens.length % lengths.length] as number;
          tokens.push(all.subarray(at, at + length));
          at += length;
        }
        const detokenizer = createDetokenizer((ids) =>
          new TextDecoder().decode(Buffer.concat(ids.map((id) => tokens[id] as Uint8Array))),
        );
        const pieces = [...tokens.keys()].map((id) => detokenizer.push(id));
        expectSaid(pieces.join("") + detokenizer.end(), text);
      }),
    );
  });

  test("a character after U+FFFD is said, however many of those there are", () => {
    for (const count of [1, 2, 3, 50]) {
      const detokenizer = createDetokenizer(bytes);
      const text = `${"\uFFFD".repeat(count)}\u00E9`;
      expect(
        idsOf(text)
          .map((id) => detokenizer.push(id))
          .join(""),
      ).toBe(text);
    }
  });

  test("bytes that are no character do not hold up what follows", () => {
    const detokenizer = createDetokenizer(bytes);
    const text = [0xff, ...idsOf("abc")].map((id) => detokenizer.push(id)).join("");
    expect(text).toBe("\uFFFDabc");
  });
});

/** Cut into pieces at any places. */
const arbitraryPieces = (text: string) =>
  fc
    .array(fc.nat({ max: text.length }), { maxLength: 6 })
    .map((cuts) => [0, ...cuts.sort((a, b) => a - b), text.length])
    .map((borders) => borders.slice(1).map((end, at) => text.slice(borders[at], end)));

describe("stop texts", () => {
  test("end the text where the first of them begins, wherever the pieces are cut", () => {
    const arbitrary = fc
      .tuple(
        fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 30 }),
        fc.array(fc.string({ unit: fc.constantFrom("a", "b", "c"), minLength: 1, maxLength: 4 }), { maxLength: 4 }),
      )
      .chain(([text, stops]) => fc.tuple(fc.constant(text), fc.constant(stops), arbitraryPieces(text)));
    fc.assert(
      fc.property(arbitrary, ([text, stops, pieces]) => {
        const filter = createStopTexts(stops);
        let out = "";
        let stopped = false;
        for (const piece of pieces) {
          const result = filter.push(piece);
          out += result.text;
          stopped = result.stopped;
          if (stopped) break;
        }
        if (!stopped) out += filter.end();
        expect(stopped).toBe(stops.some((stop) => text.includes(stop)));
        if (!stopped) expect(out).toBe(text);
        else {
          expect(text.startsWith(out)).toBe(true);
          expect(stops.some((stop) => text.startsWith(stop, out.length))).toBe(true);
          expect(stops.every((stop) => !out.includes(stop))).toBe(true);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("only what may be the beginning of one is held back", () => {
    const filter = createStopTexts(["\n\nUser:"]);
    expect(filter.push("Hello.\n")).toEqual({ text: "Hello.", stopped: false });
    expect(filter.push("World\n\nUs")).toEqual({ text: "\nWorld", stopped: false });
    expect(filter.push("er: hi")).toEqual({ text: "", stopped: true });
  });
});

describe("tokens with their text", () => {
  const logprobs = (text: string): TokenLogprobs => ({ text, logprob: -1, top: [] });
  const run = (pieces: readonly string[], stops: readonly string[]) => {
    const output = createTextOutput((ids) => ids.map((id) => pieces[id]).join(""), stops);
    const events: string[] = [];
    const said: string[] = [];
    for (const [id, piece] of pieces.entries()) {
      const result = output.push(id, logprobs(piece));
      said.push(result.text);
      events.push(...result.tokens.map(({ text }) => text));
      if (result.stopped) break;
    }
    const rest = output.end();
    return { text: said.join("") + rest.text, tokens: [...events, ...rest.tokens.map(({ text }) => text)] };
  };

  test("come when their text is certain, and all at the end", () => {
    expect(run(["a", "b", "c"], [])).toEqual({ text: "abc", tokens: ["a", "b", "c"] });
    expect(run(["a", "<", "b"], ["<stop>"])).toEqual({ text: "a<b", tokens: ["a", "<", "b"] });
    expect(run(["a", "<st"], ["<stop>"])).toEqual({ text: "a<st", tokens: ["a", "<st"] });
  });

  test("those of a stop text are left out, as its text is", () => {
    expect(run(["a", "b<", "stop>", "c"], ["<stop>"])).toEqual({ text: "ab", tokens: ["a"] });
  });
});

describeWithData("models/stories260k", "a real tokenizer", (folder) => {
  test("says, token by token, what it says of all tokens at once", async () => {
    const file = JSON.parse(readFileSync(join(folder, "tokenizer.json"), "utf8")) as object;
    const tokenizer = await createTokenizer({ tokenizer: file });
    fc.assert(
      fc.property(arbitraryText, (text) => {
        const ids = tokenizer.encodeBare(text);
        const detokenizer = createDetokenizer((window) => tokenizer.decode(window));
        const pieces = ids.map((id) => detokenizer.push(id));
        expectSaid(pieces.join("") + detokenizer.end(), tokenizer.decode(ids));
      }),
      { numRuns: 200 },
    );
  });
});
