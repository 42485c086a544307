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
          ...BEST_LABEL,
          /** All classes in the order of `text.labels` in the card. */
          { name: SCORES_OUTPUT, dataType: "FP32", shape: [-1, card.text?.labels?.length ?? lastSize(graph)] },
          ...(card.moderation ? moderationOutputs(Object.keys(card.moderation.thresholds).length) : []),
        ],
      };
    case "zero-shot-classification":
      return {
        inputs: [...TEXTS, { name: CANDIDATES_INPUT, dataType: "BYTES", shape: [-1] }],
        /** All labels in the caller's order. */
        outputs: [...BEST_LABEL, { name: SCORES_OUTPUT, dataType: "FP32", shape: [-1, -1] }],
      };
    case "token-classification":
      return {
        inputs: TEXTS,
        /** One element per span, over all texts. */
        outputs: [
          { name: SPAN_OUTPUTS.text, dataType: "INT32", shape: [-1] },
          { name: SPAN_OUTPUTS.label, dataType: "BYTES", shape: [-1] },
          { name: SPAN_OUTPUTS.score, dataType: "FP32", shape: [-1] },
          { name: SPAN_OUTPUTS.start, dataType: "INT32", shape: [-1] },
          { name: SPAN_OUTPUTS.end, dataType: "INT32", shape: [-1] },
          { name: SPAN_OUTPUTS.word, dataType: "BYTES", shape: [-1] },
        ],
      };
    case "voice-activity":
      return {
        inputs: [
          /** Whole windows, one after the other; samples from -1 to 1. */
          { name: AUDIO_INPUT, dataType: "FP32", shape: [-1] },
          /** Zeros for the beginning of a sound; then what the request before answered. */
          { name: STATE_TENSOR, dataType: "FP32", shape: [STATE_NUMBERS] },
          { name: RATE_INPUT, dataType: "INT64", shape: [1] },
        ],
        outputs: [
          /** One per window. */
          { name: PROBABILITY_OUTPUT, dataType: "FP32", shape: [-1] },
          { name: STATE_TENSOR, dataType: "FP32", shape: [STATE_NUMBERS] },
        ],
      };
    case "image-classification":
      return {
        /** The bytes of one file, JPEG or PNG. */
        inputs: [{ name: IMAGE_INPUT, dataType: "UINT8", shape: [-1] }],
        outputs: [
          ...BEST_LABEL,
          /** All classes in the order of `image.labels` in the card. */
          { name: SCORES_OUTPUT, dataType: "FP32", shape: [-1, card.image?.labels.length ?? lastSize(graph)] },
        ],
      };
    case "rerank":
      return {
        inputs: [
          { name: QUERY_INPUT, dataType: "BYTES", shape: [1] },
          { name: DOCUMENTS_INPUT, dataType: "BYTES", shape: [-1] },
        ],
        outputs: [
          /** From 0 to 1: the sigmoid of the logit. */
          { name: SCORE_OUTPUT, dataType: "FP32", shape: [-1] },
          { name: LOGIT_OUTPUT, dataType: "FP32", shape: [-1] },
        ],
      };
  }
}

export const TEXT_INPUT = "text";
export const EMBEDDING_OUTPUT = "embedding";
export const LABEL_OUTPUT = "label";
export const SCORE_OUTPUT = "score";
export const SCORES_OUTPUT = "scores";
export const CANDIDATES_INPUT = "candidate_labels";
export const QUERY_INPUT = "query";
export const DOCUMENTS_INPUT = "documents";
export const LOGIT_OUTPUT = "logit";
export const IMAGE_INPUT = "image";
export const AUDIO_INPUT = "audio";
export const RATE_INPUT = "sample_rate";
export const STATE_TENSOR = "state";
export const PROBABILITY_OUTPUT = "probability";
/** As silero-vad was trained: 32 ms of sound at a time, behind the last 4 ms of what came before. */
export const VOICE = {
  sampleRate: 16_000,
  windowSamples: 512,
  contextSamples: 64,
  recurrentNumbers: 256,
} as const;
const STATE_NUMBERS = VOICE.recurrentNumbers + VOICE.contextSamples;
/** Names of the classes that the card moderates, their scores, and which of them reach their threshold. */
export const MODERATION_OUTPUTS = {
  categories: "categories",
  scores: "category_scores",
  flags: "category_flags",
} as const;
export const SPAN_OUTPUTS = {
  /** Position of the text in the request. */
  text: "text_index",
  label: "label",
  score: "score",
  /** In characters (Unicode code points, as Python counts) of the text as it was sent; the end is not part of the span. */
  start: "start",
  end: "end",
  word: "word",
} as const;

const TEXTS: ModelSignature["inputs"] = [{ name: TEXT_INPUT, dataType: "BYTES", shape: [-1] }];

/** The best class of each text, and its score. */
const BEST_LABEL: ModelSignature["outputs"] = [
  { name: LABEL_OUTPUT, dataType: "BYTES", shape: [-1] },
  { name: SCORE_OUTPUT, dataType: "FP32", shape: [-1] },
];

const moderationOutputs = (categories: number): ModelSignature["outputs"] => [
  { name: MODERATION_OUTPUTS.categories, dataType: "BYTES", shape: [categories] },
  { name: MODERATION_OUTPUTS.scores, dataType: "FP32", shape: [-1, categories] },
  { name: MODERATION_OUTPUTS.flags, dataType: "BOOL", shape: [-1, categories] },
];

/** Length of a vector, or number of classes: the last dimension of the graph's first output; -1 when the graph leaves it open. */
const lastSize = (graph: ModelSignature): number => graph.outputs[0]?.shape.at(-1) ?? -1;
