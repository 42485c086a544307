import fc from "fast-check";
import { planBatches } from "../../../adapters/onnx/text/batches.ts";

const lengths = fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 200 });
const limits = fc.record({
  paddedTokens: fc.integer({ min: 1, max: 2_000 }),
  rows: fc.integer({ min: 1, max: 64 }),
  equalLengths: fc.boolean(),
});

test("every text runs once, within the limits; only a text that is too long for any batch runs alone beyond them", () => {
  fc.assert(
    fc.property(lengths, limits, (texts, rules) => {
      const batches = planBatches(texts, rules);
      expect(batches.flat().sort((a, b) => a - b)).toEqual(texts.map((_, index) => index));
      for (const batch of batches) {
        const sizes = batch.map((index) => texts[index] as number);
        expect(batch.length).toBeLessThanOrEqual(rules.rows);
        if (batch.length > 1) expect(batch.length * Math.max(...sizes)).toBeLessThanOrEqual(rules.paddedTokens);
        if (rules.equalLengths) expect(new Set(sizes).size).toBe(1);
      }
    }),
  );
});

test("texts of like length run together: one long text does not pad the short ones", () => {
  const batches = planBatches([3, 500, 4, 490, 3], { paddedTokens: 1_000, rows: 64, equalLengths: false });
  expect(batches).toEqual([
    [0, 4, 2],
    [3, 1],
  ]);
});
