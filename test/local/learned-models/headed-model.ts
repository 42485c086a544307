/** The graph of an encoder that gives a vector per token, with a linear head in the place of its output. */
import { GRAPH, MODEL_GRAPH } from "../../../adapters/onnx/generation/onnx-nodes.ts";
import { eachField, message } from "../../../adapters/onnx/generation/protobuf.ts";
import { bytesOf, type GraphDescription, onnxModel } from "../../adapters/onnx/onnx-writer.ts";
import type { LinearHead } from "./ridge.ts";

/** What the encoder calls its vectors: [texts, tokens, width]. */
export const VECTORS = "last_hidden_state";

/** `of`: logits for the whole row, by the vector of its first token, or for each token. */
export function withHead(encoder: Uint8Array, { weights, biases }: LinearHead, of: "row" | "token"): Buffer {
  const outputs = biases.length;
  const rows = of === "row" ? ["texts", outputs] : ["texts", "tokens", outputs];
  const head: GraphDescription = {
    inputs: [],
    outputs: [{ name: "logits", element: "FLOAT", shape: rows }],
    initializers: [
      { name: "head.weights", element: "FLOAT", shape: [weights.length / outputs, outputs], data: bytesOf(weights) },
      { name: "head.biases", element: "FLOAT", shape: [outputs], data: bytesOf(biases) },
      { name: "head.first", element: "INT64", shape: [], data: bytesOf(BigInt64Array.of(0n)) },
    ],
    nodes: [
      { op: "Gather", inputs: [VECTORS, "head.first"], outputs: ["head.vectors"], attributes: { axis: 1 } },
      {
        op: "MatMul",
        inputs: [of === "row" ? "head.vectors" : VECTORS, "head.weights"],
        outputs: ["head.products"],
      },
      { op: "Add", inputs: ["head.products", "head.biases"], outputs: ["logits"] },
    ].filter(({ op }) => of === "row" || op !== "Gather"),
  };
  // Appended to the file's bytes, messages are merged (protobuf).
  return Buffer.concat([withoutOutputs(encoder), message(MODEL_GRAPH, graphOf(onnxModel(head)))]);
}

function withoutOutputs(model: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(model, (field, graph, _, whole) => {
    if (field !== MODEL_GRAPH) return void parts.push(whole);
    const kept: Uint8Array[] = [];
    eachField(graph, (part, __, ___, wholePart) => void (part !== GRAPH.output && kept.push(wholePart)));
    parts.push(message(MODEL_GRAPH, ...kept));
  });
  return Buffer.concat(parts);
}

function graphOf(model: Uint8Array): Uint8Array {
  let found: Uint8Array = new Uint8Array();
  eachField(model, (field, graph) => void (field === MODEL_GRAPH && (found = graph)));
  return found;
}
