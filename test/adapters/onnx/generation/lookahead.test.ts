import fc from "fast-check";
import { createDurationLaw } from "../../../../adapters/onnx/batching/duration-law.ts";
import { unbudgetedKeyValueMemory } from "../../../../adapters/onnx/generation/key-value-memory.ts";
import { lookahead } from "../../../../adapters/onnx/generation/lookahead.ts";
import { seededNumbers } from "../../../../adapters/onnx/generation/random-numbers.ts";
import { createSampler } from "../../../../adapters/onnx/generation/sampler.ts";
import type { Sampling } from "../../../../core/protocols/spec/generation.ts";
import { GREEDY } from "../../../../core/protocols/spec/sampling.ts";
import { countingGraph, VOCABULARY } from "./counting-graph.ts";

/** Reading several tokens costs little: guesses are verified whenever there are any. */
function cheapRuns() {
  const law = createDurationLaw();
  law.observe(1, 8);
  law.observe(9, 9);
  return law;
}

async function generated(prompt: readonly number[], sampling: Sampling, mayReadAhead: boolean, count = 60) {
  const graph = countingGraph(unbudgetedKeyValueMemory());
  const reading = graph.start();
  let logits = await reading.read(prompt);
  const steps = lookahead({
    prompt,
    reading,
    readEach: (ids) => reading.readEach(ids),
    mayReadAhead,
    law: cheapRuns(),
  });
  const sampler = createSampler(sampling, prompt, seededNumbers([1, 2], 3));
  const ids: number[] = [];
  for (let made = 1; ; made++) {
    ids.push(sampler.next(logits));
    if (made === count) break;
    logits = await steps.after(ids.at(-1) as number, count - made - 1);
  }
  return { ids, runs: graph.runs.length, read: reading.length };
}

const prompts = fc.array(fc.nat({ max: VOCABULARY - 1 }), { minLength: 1, maxLength: 40 });
const samplings = fc.record({
  temperature: fc.constantFrom(0, 0.5, 1),
  repetitionPenalty: fc.constantFrom(1, 1.3),
  frequencyPenalty: fc.constantFrom(0, 0.4),
  topP: fc.constantFrom(1, 0.8),
});

test("read ahead or not, greedy or sampled: the same tokens", async () => {
  await fc.assert(
    fc.asyncProperty(prompts, samplings, async (prompt, chosen) => {
      const sampling = { ...GREEDY, ...chosen };
      const [ahead, plain] = [await generated(prompt, sampling, true), await generated(prompt, sampling, false)];
      expect(ahead.ids).toEqual(plain.ids);
      // Never beyond what the caller wanted: the context and its memory end there.
      expect(ahead.read).toBeLessThanOrEqual(prompt.length + 59);
    }),
    { numRuns: 200 },
  );
});

test("a text that repeats itself takes fewer runs, one by one it takes one each", async () => {
  const prompt = Array.from({ length: 36 }, (_, at) => at % VOCABULARY);
  const [ahead, plain] = [await generated(prompt, GREEDY, true), await generated(prompt, GREEDY, false)];
  expect(plain.runs).toBe(60);
  expect(ahead.runs).toBeLessThan(50);
});
