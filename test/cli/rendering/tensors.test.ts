import { tensorsText } from "../../../cli/rendering/tensors.ts";
import type { TensorSpec } from "../../../core/protocols/spec/signature.ts";

const spec = (name: string, ...shape: number[]): TensorSpec => ({ name, dataType: "FP32", shape });

test("tensors stand on one line, those of many layers as one", () => {
  const layers = Array.from({ length: 30 }, (_, layer) => [
    spec(`past_key_values.${layer}.key`, -1, 3, -1, 64),
    spec(`past_key_values.${layer}.value`, -1, 3, -1, 64),
  ]).flat();
  expect(tensorsText([spec("input_ids", -1, -1), ...layers])).toBe(
    "input_ids FP32[-1,-1], 30 × past_key_values.*.key FP32[-1,3,-1,64], 30 × past_key_values.*.value FP32[-1,3,-1,64]",
  );
});

test("what differs in more than a number, or is few, is told one by one", () => {
  expect(tensorsText([spec("x1", 2), spec("x2", 2), spec("x3", 3)])).toBe("x1 FP32[2], x2 FP32[2], x3 FP32[3]");
  expect(tensorsText([])).toBe("");
});
