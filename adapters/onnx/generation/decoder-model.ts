/** A language model's file as generation wants it. */
import { ADDED, GRAPH, MODEL_GRAPH, VALUE } from "./onnx-nodes.ts";
import { eachField, text } from "./protobuf.ts";
import { rowOutputs } from "./row-outputs.ts";
import { steadyAttention } from "./steady-attention.ts";

/** Undefined: as it is, because it is laid out in another way, or because it has been here before (packed forms are stored so). */
export function decoderModel(model: Uint8Array): Uint8Array | undefined {
  if (hasAddedOutputs(model)) return undefined;
  const rows = rowOutputs(model);
  if (rows === undefined) return undefined;
  return Buffer.concat([steadyAttention(model) ?? model, rows]);
}

function hasAddedOutputs(model: Uint8Array): boolean {
  let found = false;
  eachField(model, (field, graph) => {
    if (field !== MODEL_GRAPH) return;
    eachField(graph, (part, value) => {
      if (part !== GRAPH.output) return;
      eachField(value, (key, name) => {
        if (key === VALUE.name && text(name).startsWith(ADDED)) found = true;
      });
    });
  });
  return found;
}
