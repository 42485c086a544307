import fc from "fast-check";
import { BREAKER_LIMITS, createCircuitBreaker } from "../../../core/routing/circuit-breaker.ts";

const { fewestOutcomes, openForMillis, longestOpenMillis, windowMillis } = BREAKER_LIMITS;

function opened(at = 0) {
  const breaker = createCircuitBreaker();
  for (let i = 0; i < fewestOutcomes; i++) breaker.failed(at);
  return breaker;
}

test("few failures say nothing, most of many do", () => {
  const breaker = createCircuitBreaker();
  for (let i = 1; i < fewestOutcomes; i++) breaker.failed(0);
  expect(breaker.admits(0)).toBe(true);
  breaker.failed(0);
  expect(breaker.admits(0)).toBe(false);
  expect(breaker.closedInMillis(500)).toBe(openForMillis - 500);
});

test("half of the outcomes must fail, and old ones are forgotten", () => {
  const breaker = createCircuitBreaker();
  for (let i = 0; i < 10; i++) breaker.succeeded(0);
  for (let i = 0; i < 9; i++) breaker.failed(4_000);
  expect(breaker.admits(4_000)).toBe(true);
  breaker.failed(windowMillis + 1);
  expect(breaker.admits(windowMillis + 1)).toBe(false);
});

test("one trial at a time; a good one closes, a bad one doubles the rest", () => {
  const breaker = opened();
  expect(breaker.admits(openForMillis)).toBe(true);
  expect(breaker.admits(openForMillis)).toBe(false);
  breaker.failed(openForMillis);
  expect(breaker.closedInMillis(openForMillis)).toBe(2 * openForMillis);
  expect(breaker.admits(3 * openForMillis)).toBe(true);
  breaker.succeeded(3 * openForMillis);
  expect([breaker.admits(3 * openForMillis), breaker.admits(3 * openForMillis)]).toEqual([true, true]);
});

test("a trial without a verdict leaves the next request to try", () => {
  const breaker = opened();
  expect(breaker.admits(openForMillis)).toBe(true);
  breaker.released();
  expect(breaker.admits(openForMillis)).toBe(true);
});

test("whatever happens, it admits again within the longest rest", () => {
  const step = fc.record({
    act: fc.constantFrom("admits", "succeeded", "failed", "released" as const),
    wait: fc.nat(5_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const breaker = createCircuitBreaker();
      let now = 0;
      let isTrying = false;
      for (const { act, wait } of steps) {
        now += wait;
        const admitted = breaker[act](now);
        if (act === "admits") isTrying ||= admitted === true;
        else isTrying = false;
      }
      if (isTrying) breaker.released();
      return breaker.admits(now + longestOpenMillis);
    }),
  );
});
