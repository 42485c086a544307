/** The models that this process can hold, addressed by name and digest: what both doors, HTTP and forwarded, end at. */
import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { InferenceRequest, InferenceResult } from "../protocols/spec/inference.ts";
import type { InferenceContext, Target } from "./target.ts";

export interface ModelAddress {
  readonly model: string;
  /** Full digest. */
  readonly version: string;
}

export interface LocalModels {
  /** Throws FarthingError; `model_not_ready` when the version's files cannot serve. */
  infer(address: ModelAddress, request: InferenceRequest, context: InferenceContext): Promise<InferenceResult>;
  /** Resolves when the version can answer (loading it if need be); rejects with `model_not_ready` and the reason. */
  ready(address: ModelAddress): Promise<void>;
}

export function functionTarget(models: LocalModels, onPremises: boolean): Target {
  const addressOf = (model: ModelRecord, version: ModelVersion): ModelAddress => ({
    model: model.name,
    version: version.digest,
  });
  return {
    kind: "function",
    name: "function",
    onPremises,
    hasCopies: false,
    infer: (model, version, request, context) => models.infer(addressOf(model, version), request, context),
    ready: (model, version) => models.ready(addressOf(model, version)),
  };
}
