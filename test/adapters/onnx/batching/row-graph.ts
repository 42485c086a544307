import type { Graph } from "../../../../adapters/onnx/graph.ts";
import { FarthingError } from "../../../../core/errors.ts";
import type { Tensor } from "../../../../core/protocols/spec/tensor.ts";

/** A graph in JavaScript, which remembers its runs: y = 2x, row by row; a NaN anywhere makes the whole run fail. */
export function rowGraph(width: number, rowsSeeEachOther = false): Graph & { readonly runs: number[] } {
  const runs: number[] = [];
  return {
    runs,
    hasRowOutputs: false,
    canBeSteady: false,
    signature: {
      inputs: [{ name: "x", dataType: "FP32", shape: [-1, width] }],
      outputs: [{ name: "y", dataType: "FP32", shape: [-1, width] }],
    },
    async run([x]) {
      const { shape, data } = x as Tensor;
      runs.push(shape[0] as number);
      const values = data as Float32Array;
      if (values.includes(Number.NaN)) throw new FarthingError("invalid_field", "refused");
      const factor = rowsSeeEachOther ? Math.max(...values) : 2;
      return [{ name: "y", dataType: "FP32", shape: [...shape], data: values.map((value) => value * factor) }];
    },
    runTensors: () => Promise.reject(new Error("not asked for")),
    release: () => Promise.resolve(),
  };
}

export const rowsOf = (values: readonly (readonly number[])[]): Tensor => ({
  name: "x",
  dataType: "FP32",
  shape: [values.length, values[0]?.length ?? 0],
  data: new Float32Array(values.flat()),
});
