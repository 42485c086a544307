import fc from "fast-check";
import { seededNumbers, seedOf, seedOfText } from "../../../../adapters/onnx/generation/random-numbers.ts";
import { candidates, createSampler, draw, largest, likeliest } from "../../../../adapters/onnx/generation/sampler.ts";
import type { Sampling } from "../../../../core/protocols/spec/generation.ts";
import { PLAIN } from "../../../../core/protocols/spec/sampling.ts";

const arbitraryLogits = fc
  .array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 1, maxLength: 60 })
  .map((values) => Float32Array.from(values));
const arbitraryCuts = fc.record({
  temperature: fc.double({ min: 0.05, max: 2, noNaN: true }),
  topK: fc.integer({ min: 0, max: 70 }),
  topP: fc.double({ min: 0, max: 1, noNaN: true }),
  minP: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** The definition, written down without a thought of speed. */
function probabilities(logits: Float32Array, cuts: Pick<Sampling, "temperature" | "topK" | "topP" | "minP">): number[] {
  const highest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp((logit - highest) / cuts.temperature));
  const order = weights.map((_, token) => token).sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b);
  const inTopK = cuts.topK > 0 ? order.slice(0, cuts.topK) : order;
  const total = inTopK.reduce((sum, token) => sum + (weights[token] as number), 0);
  let before = 0;
  const kept = inTopK.filter((token, rank) => {
    const stays =
      rank === 0 || ((before < cuts.topP * total || cuts.topP === 1) && (weights[token] as number) >= cuts.minP);
    before += weights[token] as number;
    return stays;
  });
  const sum = kept.reduce((all, token) => all + (weights[token] as number), 0);
  return weights.map((weight, token) => (kept.includes(token) ? weight / sum : 0));
}

test("the candidates are those of the definition, with its probabilities", () => {
  fc.assert(
    fc.property(arbitraryLogits, arbitraryCuts, (logits, cuts) => {
      const { tokens, weights } = candidates(logits, { ...PLAIN, ...cuts });
      const sum = Array.from(weights).reduce((all, weight) => all + weight, 0);
      const received = new Array<number>(logits.length).fill(0);
      for (let at = 0; at < weights.length; at++) received[tokens[at] as number] = (weights[at] as number) / sum;
      const expected = probabilities(logits, cuts);
      for (const [token, probability] of expected.entries()) expect(received[token]).toBeCloseTo(probability, 9);
    }),
    { numRuns: 500 },
  );
});

test("tokens are drawn as often as they are likely", () => {
  fc.assert(
    fc.property(arbitraryLogits, arbitraryCuts, (logits, cuts) => {
      const draws = 4_000;
      const found = candidates(logits, { ...PLAIN, ...cuts });
      const counts = new Array<number>(logits.length).fill(0);
      for (let at = 0; at < draws; at++) {
        const token = draw(found, (at + 0.5) / draws);
        counts[token] = (counts[token] as number) + 1;
      }
      // Evenly spaced numbers: every count is exact but for one at each end of its share.
      const expected = probabilities(logits, cuts);
      for (const [token, count] of counts.entries()) {
        expect(Math.abs(count - draws * (expected[token] as number))).toBeLessThan(2.001);
      }
    }),
    { numRuns: 60 },
  );
});

test("temperature 0 is the likeliest token, the first of equals, whatever else is asked", () => {
  fc.assert(
    fc.property(arbitraryLogits, arbitraryCuts, fc.integer(), (logits, cuts, seed) => {
      const sampler = createSampler({ ...PLAIN, ...cuts, temperature: 0 }, [], seededNumbers(seedOf(seed), 0));
      expect(sampler.next(logits.slice())).toBe(Array.from(logits).indexOf(Math.max(...logits)));
    }),
  );
});

test("the largest k, sorted, the first of equals first", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 20 }),
      (values, k) => {
        const expected = values
          .map((_, at) => at)
          .sort((a, b) => (values[b] as number) - (values[a] as number) || a - b)
          .slice(0, k);
        expect(largest(Float32Array.from(values), k)).toEqual(expected);
      },
    ),
  );
});

describe("penalties and bias", () => {
  const next = (
    sampling: Partial<Sampling>,
    prompt: readonly number[],
    logits: readonly number[],
    before: number[] = [],
  ) => {
    const sampler = createSampler({ ...PLAIN, temperature: 0, ...sampling }, prompt, () => 0);
    for (const token of before)
      sampler.next(Float32Array.from({ length: logits.length }, (_, at) => (at === token ? 100 : 0)));
    const given = Float32Array.from(logits);
    sampler.next(given);
    return Array.from(given, (logit) => Number(logit.toFixed(5)));
  };

  test("repetition counts prompt and choice, and moves both signs down", () => {
    expect(next({ repetitionPenalty: 2 }, [0, 1], [4, -4, 4, -4], [2])).toEqual([2, -8, 2, -4]);
  });

  test("frequency and presence count the choice only, each use and any use", () => {
    expect(next({ frequencyPenalty: 0.5 }, [0], [1, 1, 1], [1, 1, 2])).toEqual([1, 0, 0.5]);
    expect(next({ presencePenalty: 0.5 }, [0], [1, 1, 1], [1, 1, 2])).toEqual([1, 0.5, 0.5]);
  });

  test("a bias is added; one for a token that is not there is nothing", () => {
    expect(next({ logitBias: { "1": 3, "99": 5 } }, [], [1, 1])).toEqual([1, 4]);
  });
});

describe("random numbers", () => {
  const take = (count: number, seed: readonly [number, number], stream = 0) => {
    const next = seededNumbers(seed, stream);
    return Array.from({ length: count }, next);
  };

  test("are those of their seed, and of nothing else", () => {
    expect(take(5, seedOf(7))).toEqual(take(5, seedOf(7)));
    expect(take(5, seedOf(7))).not.toEqual(take(5, seedOf(8)));
    expect(take(5, seedOf(7))).not.toEqual(take(5, seedOf(-7)));
    expect(take(5, seedOf(7))).not.toEqual(take(5, seedOf(7 + 2 ** 32)));
    expect(take(5, seedOf(7))).not.toEqual(take(5, seedOf(7), 1));
    expect(take(5, seedOfText("a-b"))).not.toEqual(take(5, seedOfText("a-c")));
    // Written down once: a seed must mean the same tomorrow.
    expect(take(2, seedOf(42)).map((value) => value.toFixed(12))).toEqual(["0.433174650452", "0.487151933699"]);
  });

  test("fill [0, 1) evenly, for neighbouring seeds too", () => {
    const bins = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 2_000; seed++) {
      for (const value of take(5, seedOf(seed))) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
        const bin = Math.floor(value * 10);
        bins[bin] = (bins[bin] as number) + 1;
      }
    }
    // 10,000 values: a fair bin is 1,000 ± 30; five of those would be far out.
    for (const count of bins) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});

test("likeliest, of equals the first", () => {
  expect(likeliest(Float32Array.of(1, 3, 3, 2))).toBe(1);
  expect(likeliest(Float32Array.of(-5))).toBe(0);
});
