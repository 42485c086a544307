import fc from "fast-check";
import { float32Text, MAX_FLOAT32_TEXT, writeFloat32Text } from "../../../../core/protocols/json/float32-text.ts";

test.each([
  [0.1, "0.1"],
  [-0.1, "-0.1"],
  [0.5, "0.5"],
  [1, "1"],
  [123456, "123456"],
  [1.1, "1.1"],
  [0.3333333333333333, "0.33333334"],
  [-2.7182817459106445, "-2.7182817"],
  [16777216, "16777216"],
  [1e-7, "1e-7"],
  [0.000012345678, "0.000012345678"],
  [0, "0"],
  [-0, "-0"],
])("%p as %s", (value, text) => {
  expect(float32Text(Math.fround(value))).toBe(text);
});

test("every float reads back as itself, through valid JSON", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const read: unknown = JSON.parse(float32Text(value));
      expect(Object.is(Math.fround(read as number), value)).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

test("in the range of scores and pixels no shorter decimal exists", () => {
  fc.assert(
    fc.property(fc.float({ min: Math.fround(1e-12), max: 1e6, noNaN: true }), (value) => {
      const digits = (text: string) =>
        text
          .replace(/e.*$/, "")
          .replace(/[.-]/g, "")
          .replace(/^0+|0+$/g, "").length;
      const printed = float32Text(value);
      const shortest =
        [6, 7, 8, 9].find((precision) => Math.fround(Number(value.toPrecision(precision))) === value) ?? 9;
      expect(digits(printed)).toBeLessThanOrEqual(shortest);
    }),
    { numRuns: 5000 },
  );
});

test("written as bytes it is the same text, and never longer than is said", () => {
  const bytes = new Uint8Array(3 + MAX_FLOAT32_TEXT);
  const written = (value: number) => Buffer.from(bytes.subarray(3, writeFloat32Text(value, bytes, 3))).toString();
  const small = fc.float({ min: Math.fround(-1), max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.oneof(fc.float(), small), (value) => {
      const text = written(value);
      expect(text).toBe(float32Text(value));
      expect(text.length).toBeLessThanOrEqual(MAX_FLOAT32_TEXT);
    }),
    { numRuns: 5000 },
  );
});
