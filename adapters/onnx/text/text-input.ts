/** The texts of a request that came as a tensor, checked against the task's signature by its protocol, and where they stand in it. */
import { FarthingError } from "../../../core/errors.ts";
import type { InferenceRequest, TensorInference } from "../../../core/protocols/spec/inference.ts";

export interface TextInput {
  readonly texts: readonly string[];
  /** Path of the text with this position, as the caller's protocol writes it: `inputs[0].data[3]`, `documents[3]`. */
  placeOf(position: number): string;
}

export function textInput(request: TensorInference, name: string): TextInput {
  const index = request.inputs.findIndex((input) => input.name === name);
  const input = request.inputs[index];
  if (input?.dataType !== "BYTES") {
    throw new FarthingError("missing_field", `The input "${name}" of datatype BYTES is missing.`, { field: "inputs" });
  }
  const place = request.places?.[name] ?? `inputs[${index}].data[]`;
  return {
    texts: input.data as readonly string[],
    placeOf: (position) => place.replace("[]", `[${position}]`),
  };
}

/** Throws `unsupported_task` for work of another kind. `does`: what the model does instead, as a sentence's end. */
export function tensorsOnly(request: InferenceRequest, model: string, does: string): TensorInference {
  if (request.type === "tensors") return request;
  throw new FarthingError("unsupported_task", `Model "${model}" ${does}.`, { field: "model" });
}
