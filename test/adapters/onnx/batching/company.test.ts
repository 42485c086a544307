import fc from "fast-check";
import { type CompanyLimits, companyOf } from "../../../../adapters/onnx/batching/company.ts";
import type { WaitingRun } from "../../../../adapters/onnx/batching/waiting-runs.ts";

const waiting = (length: number, rows = 1, key = "texts"): WaitingRun => ({
  run: { key, rows, length, inputs: [], outputs: [] },
  requester: undefined,
  ...Promise.withResolvers(),
});
const limits = (own: Partial<CompanyLimits> = {}): CompanyLimits => ({
  rows: 64,
  paddedTokens: 1024,
  longestMillis: 1000,
  // A run by itself costs as much as 16 tokens.
  estimate: (work) => 16 + work,
  ...own,
});
const lengthsOf = (entries: readonly WaitingRun[]) => entries.map(({ run }) => run.length).sort((a, b) => a - b);

test("texts of like length go with the urgent one; a much longer one is not worth the padding", () => {
  const others = [10, 40, 11, 10, 3].map((length) => waiting(length));
  expect(lengthsOf(companyOf(waiting(10), others, limits()))).toEqual([3, 10, 10, 11]);
});

test("two short texts go together even if they differ: a second run would cost more than the padding", () => {
  expect(lengthsOf(companyOf(waiting(8), [waiting(12)], limits()))).toEqual([12]);
  expect(companyOf(waiting(8), [waiting(80)], limits())).toEqual([]);
});

test("while nothing is known of durations only equal lengths go together", () => {
  const others = [9, 10, 10, 11].map((length) => waiting(length));
  expect(lengthsOf(companyOf(waiting(10), others, limits({ estimate: () => 0 })))).toEqual([10, 10]);
});

test("what has no length goes in the order of urgency", () => {
  const others = Array.from({ length: 9 }, () => waiting(0));
  expect(companyOf(waiting(0), others, limits({ rows: 4 }))).toEqual(others.slice(0, 3));
});

test("others of another kind never come along", () => {
  expect(companyOf(waiting(5), [waiting(5, 1, "others")], limits())).toEqual([]);
});

const entry = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }));

test("a batch keeps every limit, holds nobody twice, and takes no longer than its members one by one", () => {
  fc.assert(
    fc.property(
      entry,
      fc.array(entry, { maxLength: 80 }),
      fc.integer({ min: 1, max: 400 }),
      (own, others, longestMillis) => {
        const first = waiting(...own);
        const kept = limits({ rows: 32, paddedTokens: 300, longestMillis });
        const company = companyOf(
          first,
          others.map((other) => waiting(...other)),
          kept,
        );
        const all = [first, ...company].map(({ run }) => run);
        const rows = all.reduce((sum, run) => sum + run.rows, 0);
        const padded = rows * Math.max(...all.map(({ length }) => length));
        const oneByOne = all.reduce((sum, run) => sum + kept.estimate(run.rows * run.length), 0);
        expect(new Set([first, ...company]).size).toBe(all.length);
        expect(kept.estimate(padded)).toBeLessThanOrEqual(oneByOne);
        if (company.length === 0) return;
        expect(rows).toBeLessThanOrEqual(kept.rows);
        expect(padded).toBeLessThanOrEqual(kept.paddedTokens);
        expect(kept.estimate(padded)).toBeLessThanOrEqual(kept.longestMillis);
      },
    ),
  );
});
