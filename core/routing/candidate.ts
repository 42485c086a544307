/** Where a request may go: the model itself at each of its targets, then the models that stand in for it. */
import { FarthingError } from "../errors.ts";
import type { ModelRecord, ModelVersion } from "../models/registry.ts";
import type { Target } from "../serving/target.ts";
import type { Caller } from "../tenants/caller.ts";

export interface Candidate {
  readonly model: ModelRecord;
  readonly version: ModelVersion;
  readonly target: Target;
  /** Another model than the one that was asked for. */
  readonly standsIn: boolean;
}

/** Throws `not_allowed` when none of them may see the caller's data. */
export function allowedFor(
  candidates: readonly Candidate[],
  { dataClass }: Pick<Caller, "dataClass">,
): readonly Candidate[] {
  if (dataClass !== "restricted") return candidates;
  const allowed = candidates.filter(({ target }) => target.onPremises);
  if (allowed.length > 0 || candidates.length === 0) return allowed;
  throw new FarthingError(
    "not_allowed",
    `Data of the class "restricted" stays on premises; no target there serves the model "${candidates[0]?.model.name}".`,
  );
}
