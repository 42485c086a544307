import type { TensorSpec } from "../../core/protocols/spec/signature.ts";

/** From this many on, tensors that differ in a number of their name are told as one: a language model has two for each layer. */
const ALIKE = 3;

/** On one line, in their order: `input_ids INT64[-1,-1], 30 × past_key_values.*.key FP32[-1,3,-1,64]`. */
export function tensorsText(specs: readonly TensorSpec[]): string {
  const alike = Map.groupBy(specs, patternOf);
  const texts = [...alike].flatMap(([pattern, group]) =>
    group.length < ALIKE ? group.map(tensorText) : [`${group.length} × ${pattern}`],
  );
  return texts.join(", ");
}

const tensorText = ({ name, dataType, shape }: TensorSpec): string => `${name} ${dataType}[${shape.join(",")}]`;

const patternOf = (spec: TensorSpec): string => tensorText({ ...spec, name: spec.name.replace(/\d+/g, "*") });
