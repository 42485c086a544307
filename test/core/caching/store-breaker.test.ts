import { createStoreBreaker, STORE_BREAKER } from "../../../core/caching/store-breaker.ts";

const { failures, openForMillis, longestOpenMillis } = STORE_BREAKER;

test("opens after enough failures among the last questions, and not before", () => {
  const breaker = createStoreBreaker();
  for (let i = 0; i < failures - 1; i++) breaker.failed(0);
  expect(breaker.admits(0)).toBe(true);
  for (let i = 0; i < STORE_BREAKER.questions; i++) breaker.succeeded(0);
  for (let i = 0; i < failures - 1; i++) {
    breaker.failed(0);
    breaker.succeeded(0);
  }
  expect(breaker.admits(0)).toBe(true);
  breaker.failed(0);
  expect(breaker.admits(0)).toBe(false);
  expect(breaker.closedInMillis(500)).toBe(openForMillis - 500);
});

test("one tries; it closes, or stays open for twice as long, up to a bound", () => {
  const breaker = createStoreBreaker();
  for (let i = 0; i < failures; i++) breaker.failed(0);
  let now = openForMillis;
  for (let wait: number = openForMillis; wait < longestOpenMillis; wait = Math.min(2 * wait, longestOpenMillis)) {
    expect([breaker.admits(now - 1), breaker.admits(now), breaker.admits(now)]).toEqual([false, true, false]);
    breaker.failed(now);
    now += Math.min(2 * wait, longestOpenMillis);
  }
  expect(breaker.admits(now)).toBe(true);
  breaker.released();
  expect(breaker.admits(now)).toBe(true);
  breaker.succeeded(now);
  expect([breaker.admits(now), breaker.admits(now)]).toEqual([true, true]);
});

test("late answers of before it opened change nothing", () => {
  const breaker = createStoreBreaker();
  for (let i = 0; i < failures; i++) breaker.failed(0);
  breaker.succeeded(1);
  breaker.failed(1);
  expect(breaker.admits(1)).toBe(false);
  expect(breaker.closedInMillis(1)).toBe(openForMillis - 1);
});
