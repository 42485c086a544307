import type { ModelCard } from "../../../core/models/card.ts";
import type { InferenceRequest, InferenceResult } from "../../../core/protocols/spec/inference.ts";
import type { Clock } from "../../../core/serving/clock.ts";
import type { InferenceContext } from "../../../core/serving/target.ts";
import type { SharedKeyValueMemory } from "../generation/key-value-memory.ts";
import type { Graph } from "../graph.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** What a model does with its graph; tasks.ts lists them all. */
export interface Task {
  /** Throws FarthingError for what the caller can change. */
  infer(request: InferenceRequest, context: InferenceContext): Promise<InferenceResult>;
  /** Gives back what it holds beside its graph. */
  release?(): void;
}

export interface TaskParts {
  readonly card: ModelCard;
  readonly graph: Graph;
  /** Present when the card names one. */
  readonly tokenizer: Tokenizer | undefined;
  readonly files: ModelFiles;
  readonly clock: Clock;
  readonly keyValueMemory: SharedKeyValueMemory;
}

/** What lies beside a model in Hugging Face's layout, parsed, where the card names it. */
export interface ModelFiles {
  readonly modelConfig?: object;
  readonly tokenizerConfig?: object;
  readonly generationConfig?: object;
}

/** Throws an Error that says where card, graph and tokenizer do not fit together. */
export type TaskFactory = (parts: TaskParts) => Task;
