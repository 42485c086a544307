import { quotedList, received, receivedShape } from "../../../../core/protocols/json/received.ts";

test.each([
  ["a\n", '"a\\n"'],
  ["x".repeat(100), `"${"x".repeat(59)}…"`],
  [1.5, "1.5"],
  [10n, "10"],
  [true, "true"],
  [null, "null"],
  [undefined, "absent"],
  [[], "an empty array"],
  [[1, 2], "an array of 2"],
  [{ a: 1 }, "an object"],
])("%p is shown as %s", (value, text) => {
  expect(received(value)).toBe(text);
});

test("long lists are cut", () => {
  expect(receivedShape([1, "2", [3]])).toBe('[1,"2",an array of 1]');
  expect(receivedShape(new Array(13).fill(1))).toBe("[1,1,1,1,1,1,1,1,1,1,1,1,…]");
  expect(quotedList(["a", "b"])).toBe('"a", "b"');
  expect(quotedList(new Array(14).fill("a"))).toMatch(/, "a" and 2 more$/);
});
