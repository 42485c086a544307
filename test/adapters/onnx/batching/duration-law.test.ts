import fc from "fast-check";
import { createDurationLaw } from "../../../../adapters/onnx/batching/duration-law.ts";

test("knows nothing before the first run", () => {
  expect(createDurationLaw().estimate(3)).toBeUndefined();
});

test("learns a line from runs that lie on it, and follows when it changes", () => {
  const parameter = fc.double({ min: 0.01, max: 5, noNaN: true });
  const works = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 8, maxLength: 40 });
  fc.assert(
    fc.property(parameter, parameter, works, (a, b, observed) => {
      fc.pre(new Set(observed).size > 2);
      const law = createDurationLaw();
      for (const work of observed) law.observe(work, a * work + b);
      expect(law.estimate(30)).toBeCloseTo(a * 30 + b, 4);
    }),
  );
  const law = createDurationLaw();
  for (let run = 0; run < 100; run++) law.observe((run % 8) + 1, (run % 8) + 1);
  for (let run = 0; run < 400; run++) law.observe((run % 8) + 1, 3 * ((run % 8) + 1) + 2);
  expect(law.estimate(8)).toBeCloseTo(26, 1);
});

test("many runs of one size do not make it forget what others took", () => {
  const law = createDurationLaw();
  for (const work of [1, 4, 1, 4]) law.observe(work, 10 + work);
  for (let run = 0; run < 5000; run++) law.observe(4, 14);
  expect(law.estimate(1)).toBeCloseTo(11);
});

test("while all runs are alike, twice the work takes twice the time at most", () => {
  const law = createDurationLaw();
  for (let run = 0; run < 5; run++) law.observe(4, 10);
  expect(law.estimate(4)).toBeCloseTo(10);
  expect(law.estimate(8)).toBeCloseTo(20);
  expect(law.estimate(0)).toBeCloseTo(0);
});
