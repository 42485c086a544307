import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { InferenceRequest, InferenceResult } from "../protocols/spec/inference.ts";

/**
 * Where a version answers. `function`: in this process; `remote-function`: the deployment that holds the model; `endpoint`:
 * a SageMaker inference component; `http`: a server that speaks OpenAI's API.
 */
export type TargetKind = "function" | "remote-function" | "endpoint" | "http";

export interface InferenceContext {
  readonly requestId: string;
  /** Milliseconds since the epoch after which nobody waits for the answer. */
  readonly deadlineMillis: number;
  /** Aborted when the caller went away, where that is known. */
  readonly signal?: AbortSignal;
  /** Whose request it is: what may be kept for their next one, and for nobody else's. Absent: nothing is kept. */
  readonly tenant?: string;
}

export interface Target {
  readonly kind: TargetKind;
  /** One of its kind in this environment, as logs and explanations show it: `http:rack`. */
  readonly name: string;
  /** In the building: data of the class `restricted` may go there. */
  readonly onPremises: boolean;
  /** Answers from several copies: the same request may do better at the next try, or beside a slow one. */
  readonly hasCopies: boolean;
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
