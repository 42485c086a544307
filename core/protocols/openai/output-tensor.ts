import { FarthingError } from "../../errors.ts";
import type { InferenceResult, InferenceUsage } from "../spec/inference.ts";
import type { Tensor } from "../spec/tensor.ts";

export interface OutputTensors {
  readonly usage: InferenceUsage;
  /** Throws `internal` when the task did not answer it: a fault of ours. */
  output(name: string): Tensor;
  /** As `output`, for scores: NaN and infinities, which JSON cannot hold, are a fault as well. */
  scores(name: string): Float32Array;
}

/** The outputs of a task that answers tensors, by name. */
export function outputTensors(result: InferenceResult): OutputTensors {
  if (result.type !== "tensors") throw fault(`answered ${result.type} instead of tensors`);
  const output = (name: string): Tensor => {
    const tensor = result.outputs.find((candidate) => candidate.name === name);
    if (tensor === undefined) throw fault(`left out its output "${name}"`);
    return tensor;
  };
  return {
    usage: result.usage,
    output,
    scores(name) {
      const { data } = output(name);
      if (!(data instanceof Float32Array)) throw fault(`answered "${name}" in another type than FP32`);
      if (!data.every(Number.isFinite)) throw fault(`answered "${name}" with NaN or infinity`);
      return data;
    },
  };
}

const fault = (what: string) => new FarthingError("internal", `The model runner ${what}.`);
