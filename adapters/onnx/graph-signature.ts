import type { ModelSignature, TensorSpec } from "../../core/protocols/spec/signature.ts";
import { dataTypeOf } from "./data-types.ts";
import type { InferenceSession } from "./runtime.ts";

/**
 * What a graph takes and gives. Symbolic dimensions become -1. Sequence and map outputs are left out, since
 * onnxruntime-node cannot fetch them ("Non tensor type is temporarily not supported"). Throws an Error when an input
 * is of a kind that no protocol can carry, or no output is left.
 */
export function graphSignature(session: InferenceSession): ModelSignature {
  const inputs = session.inputMetadata.map((metadata) => {
    const spec = specOf(metadata);
    if (typeof spec === "string") throw new Error(`input "${metadata.name}" is ${spec}`);
    return spec;
  });
  const outputs = session.outputMetadata.map(specOf).filter((spec) => typeof spec !== "string");
  if (outputs.length === 0) throw new Error("the graph has no output that is a tensor of a type that can be sent");
  return { inputs, outputs };
}

/** A spec, or in words why there is none. */
function specOf(metadata: InferenceSession.ValueMetadata): TensorSpec | string {
  if (!metadata.isTensor) return "a sequence or map, not a tensor";
  const dataType = dataTypeOf(metadata.type);
  if (dataType === undefined) return `a tensor of ${metadata.type}, which no protocol here can carry`;
  const shape = metadata.shape.map((size) => (typeof size === "number" && size >= 0 ? size : -1));
  return { name: metadata.name, dataType, shape };
}
