import fc from "fast-check";
import { quoteLongIntegers } from "../../../../core/protocols/json/long-integers.ts";

test.each([
  ["9007199254740993", '"9007199254740993"'],
  ["[-9223372036854775808,1,18446744073709551615]", '["-9223372036854775808",1,"18446744073709551615"]'],
  ["[999999999999999]", "[999999999999999]"],
  ['{"a":0.12345678901234567,"b":1.2345678901234567e-12345678}', undefined],
  ["[12345678901234567.5,12345678901234567e1,12345678901234567E+1,-0,1e-7]", undefined],
  [`[${"9".repeat(21)}]`, undefined],
  [
    '["9007199254740993","\\"9007199254740993",9007199254740993]',
    '["9007199254740993","\\"9007199254740993","9007199254740993"]',
  ],
  ['["\\\\",9007199254740993]', '["\\\\","9007199254740993"]'],
  [" [ 9007199254740993 , 2 ] ", ' [ "9007199254740993" , 2 ] '],
])("%s", (text, expected) => {
  expect(quoteLongIntegers(text)).toBe(expected ?? text);
});

const isLong = (literal: string) => /^-?\d+$/.test(literal) && literal.length >= 16 && literal.length <= 20;

/** The standard way, slow and right: the reviver is told each literal. */
const parseWithSource = JSON.parse as (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

test("equal to JSON.parse with source text access, for any JSON", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const expected = parseWithSource(text, (_, value, { source = "" }) => (isLong(source) ? source : value));
      expect(JSON.parse(quoteLongIntegers(text))).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

test("64-bit integers keep their digits, floats their value", () => {
  const numbers = fc.array(
    fc.oneof(
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }).map(String),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
      fc.string().map((value) => JSON.stringify(value)),
    ),
  );
  fc.assert(
    fc.property(numbers, (elements) => {
      const parsed = JSON.parse(quoteLongIntegers(`[${elements.join(",")}]`)) as unknown[];
      const expected = elements.map((element) => (isLong(element) ? element : (JSON.parse(element) as unknown)));
      expect(parsed).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});
