import type { ModelSignature } from "../protocols/spec/signature.ts";
import type { ModelCard } from "./card.ts";

/**
 * What callers of a model send and get. A text model hides its tokenizer, so its signature is the task's own and not the
 * graph's: texts in, vectors or labels out. `graph` is what ONNX Runtime reports of the file.
 */
export function taskSignature(card: ModelCard, graph: ModelSignature): ModelSignature {
  switch (card.task) {
    case "tensor":
    case "text-generation":
      return graph;
    case "embedding":
      return {
        inputs: TEXTS,
        outputs: [{ name: EMBEDDING_OUTPUT, dataType: "FP32", shape: [-1, card.text?.dimensions ?? lastSize(graph)] }],
      };
    case "text-classification":
      return {
        inputs: TEXTS,
        outputs: [
          /** The best class of each text, and its score. */
          { name: LABEL_OUTPUT, dataType: "BYTES", shape: [-1] },
          { name: SCORE_OUTPUT, dataType: "FP32", shape: [-1] },
          /** All classes in the order of `text.labels` in the card. */
          { name: SCORES_OUTPUT, dataType: "FP32", shape: [-1, card.text?.labels?.length ?? lastSize(graph)] },
        ],
      };
  }
}

export const TEXT_INPUT = "text";
export const EMBEDDING_OUTPUT = "embedding";
export const LABEL_OUTPUT = "label";
export const SCORE_OUTPUT = "score";
export const SCORES_OUTPUT = "scores";

const TEXTS: ModelSignature["inputs"] = [{ name: TEXT_INPUT, dataType: "BYTES", shape: [-1] }];

/** Length of a vector, or number of classes: the last dimension of the graph's first output; -1 when the graph leaves it open. */
const lastSize = (graph: ModelSignature): number => graph.outputs[0]?.shape.at(-1) ?? -1;
