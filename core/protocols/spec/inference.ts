import type { Tensor } from "./tensor.ts";

/** Work for one model, free of any protocol. Decoders make it, targets answer it. */
export type InferenceRequest = TensorInference | EmbeddingInference;

/** Tensors in the model's public signature: raw graph tensors, or a task's own (for example `text` as BYTES). */
export interface TensorInference {
  readonly type: "tensors";
  readonly inputs: readonly Tensor[];
  /** Names of wanted outputs; absent means all. */
  readonly outputs?: readonly string[];
}

export interface EmbeddingInference {
  readonly type: "embeddings";
  /** Texts, or token ids that the caller made with the model's own tokenizer. */
  readonly inputs: readonly (string | readonly number[])[];
  /** Shorten each vector to its first n values, then normalise again. */
  readonly dimensions?: number;
}

export type InferenceResult = TensorResult | EmbeddingResult;

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

/** What the model did, in the units that prices are made of. */
export interface InferenceUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Time in the model itself, queueing excluded. */
  readonly inferenceMillis: number;
}
