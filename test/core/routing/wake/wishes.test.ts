import { appliedPreferences, wishesOf } from "../../../../core/routing/wake/wishes.ts";

test.each([
  ["", false, undefined],
  ["respond-async", true, undefined],
  ["Respond-Async, wait=10", true, 10_000],
  ['wait="7"; foo=bar', false, 7_000],
  ["wait=0", false, 0],
  ["wait=5, wait=9", false, 5_000],
  ["wait=-1", false, undefined],
  ["wait=soon", false, undefined],
  ["handling=lenient; respond-async", false, undefined],
  [",,;=,", false, undefined],
])("%j", (prefer, respondAsync, waitMillis) => {
  const wishes = wishesOf({ prefer });
  expect(wishes).toEqual({ respondAsync, waitMillis, hasDeadline: false, insists: false });
});

test("a deadline is a wish to wait", () => {
  expect(wishesOf({ "x-farthing-deadline-ms": "9000" })).toMatchObject({ hasDeadline: true, waitMillis: undefined });
});

test("only what made a difference was applied", () => {
  const both = wishesOf({ prefer: "respond-async, wait=3" });
  expect(appliedPreferences(both, false)).toBe("wait=3");
  expect(appliedPreferences(both, true)).toBe("respond-async, wait=3");
  expect(appliedPreferences(wishesOf({}), true)).toBeUndefined();
});
