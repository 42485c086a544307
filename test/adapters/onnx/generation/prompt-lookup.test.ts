import fc from "fast-check";
import { createAcceptance } from "../../../../adapters/onnx/generation/acceptance.ts";
import { LONGEST_MATCH, promptLookup, SHORTEST_MATCH } from "../../../../adapters/onnx/generation/prompt-lookup.ts";

test("what followed the same tokens before, the longest match first", () => {
  const lookup = promptLookup([1, 2, 3, 4, 9, 2, 3, 5, 9]);
  expect(lookup.guess(3)).toBeUndefined();
  lookup.push(1);
  lookup.push(2);
  expect(lookup.guess(2)).toEqual({ ids: [3, 4], matched: 2 });
  lookup.push(3);
  // [2, 3] stood later before 5, [1, 2, 3] before 4.
  expect(lookup.guess(1)).toEqual({ ids: [4], matched: 3 });
  expect(lookup.guess(0)).toBeUndefined();
});

test("whatever the text: a guess is what once followed its match", () => {
  const ids = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(ids, fc.nat({ max: 30 }), fc.integer({ min: 1, max: 9 }), (text, split, count) => {
      const lookup = promptLookup(text.slice(0, split));
      for (const id of text.slice(split)) lookup.push(id);
      const guess = lookup.guess(count);
      const stoodBefore = (matched: number) =>
        text.slice(0, -1).some((_, end) => end + 1 >= matched && sameEnd(text.slice(0, end + 1), text, matched));
      if (guess === undefined) return expect(text.length >= SHORTEST_MATCH && stoodBefore(SHORTEST_MATCH)).toBe(false);
      expect(guess.ids.length).toBeGreaterThan(0);
      expect(guess.ids.length).toBeLessThanOrEqual(count);
      expect(guess.matched).toBeLessThanOrEqual(LONGEST_MATCH);
      const places = [...text.keys()].filter((end) => sameEnd(text.slice(0, end + 1), text, guess.matched));
      expect(places.map((end) => text.slice(end + 1, end + 1 + guess.ids.length))).toContainEqual(guess.ids);
    }),
  );
});

const sameEnd = (a: readonly number[], b: readonly number[], count: number): boolean =>
  a.length >= count && a.slice(-count).every((id, at) => id === b[b.length - count + at]);

/** 6 ms for a run, 1 for each token. */
const dear = (tokens: number) => 6 + tokens;

test("many tokens are verified while guesses come true, none while they do not", () => {
  const acceptance = createAcceptance();
  for (let time = 0; time < 30; time++)
    for (let matched = 2; matched <= 6; matched++) acceptance.observe(matched, true);
  expect(acceptance.worthwhile(2, 8, dear)).toBe(8);
  expect(acceptance.worthwhile(2, 3, dear)).toBe(3);
  for (let time = 0; time < 30; time++)
    for (let matched = 2; matched <= 6; matched++) acceptance.observe(matched, false);
  expect(acceptance.worthwhile(6, 8, dear)).toBe(0);
});

test("nothing is verified where a run of two takes twice as long as a run of one", () => {
  const acceptance = createAcceptance();
  for (let time = 0; time < 30; time++)
    for (let matched = 2; matched <= 6; matched++) acceptance.observe(matched, true);
  expect(acceptance.worthwhile(6, 8, (tokens) => tokens)).toBe(0);
});

test("each length of a match has its own record", () => {
  const acceptance = createAcceptance();
  for (let time = 0; time < 30; time++) {
    acceptance.observe(2, false);
    acceptance.observe(6, true);
  }
  expect(acceptance.worthwhile(2, 8, dear)).toBe(0);
  expect(acceptance.worthwhile(6, 8, dear)).toBe(8);
});
