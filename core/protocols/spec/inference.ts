import type { GenerationInference, GenerationResult } from "./generation.ts";
import type { Tensor } from "./tensor.ts";
import type { InferenceUsage } from "./usage.ts";

export type { InferenceUsage } from "./usage.ts";

/** Work for one model, free of any protocol. Decoders make it, targets answer it. */
export type InferenceRequest = WholeRequest | GenerationInference;

/** Answered in one piece. */
export type WholeRequest = TensorInference | EmbeddingInference;

/** Tensors in the model's public signature: raw graph tensors, or a task's own (for example `text` as BYTES). */
export interface TensorInference {
  readonly type: "tensors";
  readonly inputs: readonly Tensor[];
  /** Names of wanted outputs; absent means all. */
  readonly outputs?: readonly string[];
  readonly parameters?: TaskParameters;
  /**
   * Where inputs stand in the caller's request when they did not come as tensors, for error messages: `documents[]`, with
   * `[]` for the position; `query` for the only element.
   */
  readonly places?: Readonly<Record<string, string>>;
}

/** How a task is to go about one request. A task reads those that it knows. Named on the wire: open-inference/parameters.ts. */
export interface TaskParameters {
  /** Cut texts that are too long for the model instead of refusing them. Default false. */
  readonly truncate?: boolean;
  /** Zero-shot classification: score each label on its own, instead of one share each. Default false. */
  readonly multiLabel?: boolean;
  /** Zero-shot classification: the sentence that a label becomes, with `{}` for the label. Default: the card's. */
  readonly hypothesisTemplate?: string;
  /** Token classification: `none` answers every token, `simple` the spans that they make up. Default `simple`. */
  readonly aggregation?: "none" | "simple";
}

export interface EmbeddingInference {
  readonly type: "embeddings";
  /** Texts, or token ids that the caller made with the model's own tokenizer. */
  readonly inputs: readonly (string | readonly number[])[];
  /** Shorten each vector to its first n values, then normalise again. */
  readonly dimensions?: number;
}

export type InferenceResult = WholeResult | GenerationResult;

export type WholeResult = TensorResult | EmbeddingResult;

export interface TensorResult {
  readonly type: "tensors";
  readonly outputs: readonly Tensor[];
  readonly usage: InferenceUsage;
}

export interface EmbeddingResult {
  readonly type: "embeddings";
  /** One vector per input, in order, all of one length. */
  readonly vectors: readonly Float32Array[];
  readonly usage: InferenceUsage;
}
