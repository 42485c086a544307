import type { TensorInference } from "../../../core/protocols/spec/inference.ts";
import type { Tensor } from "../../../core/protocols/spec/tensor.ts";

/** Those that the caller named, in the task's order; all where none was named. */
export function chosenOutputs(outputs: readonly Tensor[], { outputs: names }: TensorInference): readonly Tensor[] {
  return names === undefined ? outputs : outputs.filter(({ name }) => names.includes(name));
}
