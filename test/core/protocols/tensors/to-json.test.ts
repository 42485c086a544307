import { float32Text } from "../../../../core/protocols/json/float32-text.ts";
import { floatsText } from "../../../../core/protocols/tensors/to-json.ts";

test.each([0, 1, 3, 1023, 1024, 1025, 5000])("%p floats are a JSON array of their texts", (count) => {
  const values = Float32Array.from({ length: count }, (_, index) => Math.sin(index) * 10 ** ((index % 30) - 15));
  expect(floatsText(values)).toBe(`[${Array.from(values, float32Text).join(",")}]`);
});

test("half floats and what JSON has no number for", () => {
  expect(floatsText(Float16Array.of(0.5, -2, 0.0999755859375))).toBe("[0.5,-2,0.099975586]");
  expect(floatsText(Float32Array.of(NaN, -Infinity, -0))).toBe('["NaN","-Infinity",-0]');
});
