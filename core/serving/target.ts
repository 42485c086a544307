import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { InferenceRequest, InferenceResult } from "../protocols/spec/inference.ts";

/** Where a version answers. `function`: in this process; `remote-function`: the deployment that holds the model. */
export type TargetKind = "function" | "remote-function";

export interface InferenceContext {
  readonly requestId: string;
  /** Milliseconds since the epoch after which nobody waits for the answer. */
  readonly deadlineMillis: number;
  /** Aborted when the caller went away, where that is known. */
  readonly signal?: AbortSignal;
}

export interface Target {
  readonly kind: TargetKind;
  /** Throws FarthingError; `model_not_ready` when the version's files cannot serve. */
  infer(
    model: ModelRecord,
    version: ModelVersion,
    request: InferenceRequest,
    context: InferenceContext,
  ): Promise<InferenceResult>;
  /** Resolves when the version can answer (loading it if need be); rejects with `model_not_ready` and the reason. */
  ready(model: ModelRecord, version: ModelVersion): Promise<void>;
}
